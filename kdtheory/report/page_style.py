"""How the report's page looks: one column that a phone can show, tables that scroll by themselves,
light or dark as the reader has it.
"""

STYLE = """
:root { --ink: #16191d; --soft: #5a6472; --line: #d9dee5; --back: #fff; --shade: #f4f6f9;
  --accent: #0b5fa5; --bad: #a11; --good: #186a3b; }
@media (prefers-color-scheme: dark) { :root { --ink: #e6e9ee; --soft: #a3adba; --line: #3a424d;
  --back: #14171b; --shade: #1d2228; --accent: #7db8ee; --bad: #ff8f8f; --good: #7fd6a2; } }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 70rem; padding: 1rem 1rem 4rem; background: var(--back);
  color: var(--ink); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", sans-serif; }
h1 { font-size: 2rem; margin: 0.2rem 0 0.6rem; } h2 { font-size: 1.3rem; margin: 2.2rem 0 0.6rem;
  overflow-wrap: anywhere; } h3 { font-size: 1.05rem; margin: 0; }
a { color: var(--accent); } .kind { color: var(--soft); margin: 0; font-size: 0.9rem; }
.conclusion { white-space: pre-wrap; overflow-wrap: anywhere; padding: 0.7rem 1rem;
  background: var(--shade); border-left: 4px solid var(--good); }
.conclusion.bad { border-color: var(--bad); }
nav ol { columns: 16rem; padding-left: 1.4rem; margin: 1rem 0; } nav li { overflow-wrap: anywhere; }
.scroll { overflow-x: auto; max-width: 100%; } .scroll:focus { outline: 2px solid var(--accent); }
table { border-collapse: collapse; font: 13px/1.5 ui-monospace, "DejaVu Sans Mono", monospace; }
th, td { padding: 0.2rem 0.8rem 0.2rem 0; text-align: right; white-space: nowrap;
  border-bottom: 1px solid var(--line); }
th { color: var(--soft); font-weight: 600; position: sticky; top: 0; background: var(--back); }
th.word, td.word { text-align: left; } td.bad, td.open { color: var(--bad); font-weight: bold; }
tbody tr:hover { background: var(--shade); }
figure { margin: 1.2rem 0 2.4rem; } figure img { display: block; width: 100%; max-width: 48rem;
  height: auto; background: #fff; padding: 0.5rem; border: 1px solid var(--line);
  border-radius: 6px; }
figcaption { margin-top: 0.5rem; max-width: 48rem; } figcaption span { color: var(--soft); }
article { border-top: 1px solid var(--line); padding: 0.9rem 0; }
.formula { padding: 0.6rem 0; } .letter { padding: 0.25rem 0; } math { font-size: 1.1rem; }
summary { cursor: pointer; color: var(--accent); }
dt { font-weight: 600; margin-top: 0.5rem; } dd { margin: 0; overflow-wrap: anywhere; }
@media (max-width: 40rem) { body { font-size: 15px; padding: 0.7rem 0.7rem 3rem; }
  h1 { font-size: 1.6rem; } table { font-size: 12px; } }
@media print { details > * { display: block; } nav { display: none; } }
"""
