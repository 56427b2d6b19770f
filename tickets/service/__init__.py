"""What can be done with tickets: use cases over the ports. Knows neither HTTP nor SQL."""
