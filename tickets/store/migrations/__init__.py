"""Migrations, packaged with the service so that an installed wheel can upgrade its own database."""
