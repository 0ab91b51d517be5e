"""Sentences of texts that are quotable."""

from core.corpus.sentences import sentence_spans, without_headings


def test_headings_above_sentences_are_left_out_but_not_list_items_and_figures():
    text = "Guide\nCards\n3.2 Limits\n\nRaise it. Or not.\n• five euros\nPrice: 20 euros\n标题\n限额可以提高。\nend"
    sentences = [text[start:end] for start, end in without_headings(text, sentence_spans(text))]
    assert sentences == ["Raise it.", "Or not.", "• five euros", "Price: 20 euros", "限额可以提高。", "end"]
    lines = "only lines\nof a poem"
    assert without_headings(lines, sentence_spans(lines)) == sentence_spans(lines)
