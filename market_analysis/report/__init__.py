"""One analysis, drawn: the JSON document, the one screen, the full text, an explanation of a position, an HTML page.

Pure, but for the atomic writer. Import the file you need; naming this package loads none of them:

    document   build_document(analysis, settings, versions) -> Document; encode(document) -> bytes; the versioned contract
    schema     the document's JSON Schema, shipped beside it as risk_analysis.schema.json
    screen     screen_text(analysis), screen_rich(analysis): the one screen, money first
    text       full_text(analysis): the whole report for people
    explain    explain(analysis, position, settings): every number back to its inputs and formula
    html       render_html(document, history): one self-contained page
    write      write_atomically(path, content)
"""
