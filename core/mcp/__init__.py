"""A server of the Model Context Protocol: tools by which agents read a workspace. See docs/agents.md.

access.py names what agents may do; each further module has the tools of one kind; server.py registers them.
"""
