"""The explainer. Start it with `streamlit run app.py`."""

from pages.shared import shell

shell.run()
