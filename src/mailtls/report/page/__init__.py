"""The parts of the HTML report: a section a module, the markup they are made with, style and script."""
