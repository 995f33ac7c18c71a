"""The reviewer's page: FastAPI, Jinja2, htmx and one ES module. Nothing is asked of another host."""
