"""What a request passes on its way to the page: limits, rates, headers, doors, health."""
