"""The product on one machine: its handlers, machines and deployment on the stand-ins of `localcloud`."""
