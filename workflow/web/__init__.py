"""The web pages: GOV.UK Design System components, drawn on the server; they work without scripts."""
