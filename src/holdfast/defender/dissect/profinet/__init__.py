"""PROFINET (IEC 61158-6-10): real-time frames, discovery and configuration, context management."""
