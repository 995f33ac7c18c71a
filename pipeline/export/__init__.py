"""Screenings for other programs: W3C Web Annotation, FHIR R4, tables, training formats.

Every export starts from a screening as it stands in the workspace (the JSON of `screenings/<packet_id>.json`), so that
what leaves is what was shown. Nothing here approves or denies; there is no claim response.
"""
