"""pathalias: from a map of who calls whom to the cheapest route from one site to every other.

Source: pathalias(8) of pathalias 9 and P. Honeyman and S. M. Bellovin, "Pathalias, or The Care and Feeding of Relative
Addresses", Summer USENIX 1986.
"""

from sim.mail.pathalias.graph import Complaint, Link, Map, Site
from sim.mail.pathalias.parser import read_map
from sim.mail.pathalias.routes import Route, routes
from sim.mail.pathalias.tree import Tree

__all__ = ["Complaint", "Link", "Map", "Route", "Site", "Tree", "read_map", "routes"]
