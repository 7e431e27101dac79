from __future__ import annotations

import io

import pytest
from rich.console import Console

from development.policy_pack import print_report

REPORT = """<!-- training-policies: dev -->
## ✅ dev: within quotas

| job | most |
|---|---|
| digits | 0.20 USD |

2 create, 0 unchanged

<details><summary>each of them</summary>

```text
+ aws:s3/bucket:Bucket artifacts
```

</details>
"""


def test_a_report_is_printed_as_it_is_to_a_file(capsys: pytest.CaptureFixture[str]):
    print_report(Console(file=io.StringIO()), REPORT, "make policy-check")
    assert capsys.readouterr().out == REPORT


def test_on_a_terminal_a_report_is_formatted_and_its_long_list_is_left_out():
    console = Console(file=io.StringIO(), force_terminal=True, color_system=None, width=80)
    print_report(console, REPORT, "make policy-check STACK=vision-dev")
    assert isinstance(console.file, io.StringIO)
    shown = console.file.getvalue()
    for there in ("within quotas", "0.20 USD", "2 create"):
        assert there in shown
    for hidden in ("<!--", "details", "|---|", "Bucket"):
        assert hidden not in shown
    assert "make policy-check STACK=vision-dev > report.md" in shown
    assert shown.splitlines()[-1] == "✅ dev: within quotas"
