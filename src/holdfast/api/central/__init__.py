"""The REST API that fleets bring with them: api-version 2022-07-31, its older and preview forms."""
