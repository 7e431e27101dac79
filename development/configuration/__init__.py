"""The documents that are generated from the models of the settings and of the outputs.

`documents.py` lists them all:

- `stack.schema.json`, for editors, by `schema.py`: the types and limits are those of the models and
  of the API (`request_limits.py`). What a schema can say besides is in `section_rules.py`, and for
  a job in `job_sections.py`; both are written in the terms of `conditions.py`;
- the pages of the settings and of the outputs, by `settings_page.py` and `outputs_page.py`;
- the settings that `Pulumi.yaml` declares, by `declarations.py`;
- the reader of the outputs for other programs, by `outputs_reader.py`.
"""
