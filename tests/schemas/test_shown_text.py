"""Text of others is shown as text."""

import pytest

from schemas.shown_text import markdown_text, shown_lines, shown_text


@pytest.mark.parametrize("text", ["CC BY 4.0", "Zoë Ann", "名前 😀", "\u0646\u06cc\u200c\u0634", "a/b_c-1.mp4"])
def test_plain_text_of_any_script_stays_as_it_is(text):
    assert shown_text(text) == shown_lines(text) == text


def test_control_and_direction_characters_are_spelt_out():
    assert shown_text("\x1b[31mred\x07\u202etxt\x9b\u2066") == r"\x1b[31mred\x07\u202etxt\x9b\u2066"


def test_all_is_on_one_line_unless_lines_are_asked_for():
    assert shown_text("a\nb\r\u2028c\u0085") == r"a\nb\r\u2028c\x85"
    assert shown_lines("a\n\tb\r") == "a\n\tb\\r"


def test_markdown_signs_are_no_markup():
    assert markdown_text("a|b <i>*x*</i> [l](u) `c`") == r"a\|b &lt;i&gt;\*x\*&lt;/i&gt; \[l\](u) \`c\`"
    assert markdown_text("_x_ lip_sync.onnx") == r"\_x\_ lip_sync.onnx"
