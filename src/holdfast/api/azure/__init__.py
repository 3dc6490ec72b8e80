"""Surfaces in the shapes of Azure Resource Manager."""
