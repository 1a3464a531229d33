"""Look of the sheet: one style sheet, written here so that the page needs nothing else.

Dark on light, contrast of 7 or more for text, A4 paper in black and white as well as in colour.
"""

STYLE = """\
:root { --ink: #16202a; --soft: #47545f; --line: #c3ccd4; --wash: #f3f6f8; --deep: #0c4160; --red: #9b1420;
  color-scheme: light; }
* { box-sizing: border-box; }
html { font: 100%/1.5 "Source Sans 3", "Segoe UI", system-ui, -apple-system, Roboto, "Helvetica Neue", Arial,
  "Liberation Sans", sans-serif; color: var(--ink); background: #fff; -webkit-text-size-adjust: 100%; }
body { max-width: 60rem; margin: 0 auto; padding: 1.25rem 1.25rem 3rem; overflow-wrap: break-word; hyphens: manual; }
a { color: var(--deep); text-underline-offset: .15em; }
a:focus-visible { outline: 3px solid #ffb000; outline-offset: 2px; }
.skip { position: absolute; left: -999rem; }
.skip:focus { left: 1rem; top: 1rem; padding: .5rem 1rem; background: #fff; z-index: 1; }
h1, h2, h3, h4, h5, h6 { line-height: 1.2; margin: 0; text-wrap: balance; }
h1 { font-size: 1.5rem; color: var(--deep); margin-bottom: .75rem; }
p, ul, table, dl { margin: .5rem 0; }
ul { padding-left: 1.25rem; }
li { margin: .2rem 0; }
small { color: var(--soft); font-size: .875em; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem .9rem; align-items: baseline; }
dl > div { display: contents; }
dt { color: var(--soft); }
dd { margin: 0; }

.top { border-top: .4rem solid var(--deep); padding-top: 1rem; }
.notice { border: 2px solid var(--red); border-left-width: .5rem; padding: .5rem .75rem; }
.who-where { display: grid; grid-template-columns: 1fr 1fr; border: 1px solid var(--line); border-radius: .4rem; }
.who-where > section { padding: .9rem 1rem; }
.who-where > section + section { border-left: 1px solid var(--line); }
.who-where dl { grid-template-columns: minmax(5.5rem, max-content) 1fr; }
.first { border: 2px solid var(--ink); border-radius: .4rem; padding: .6rem .9rem; margin: .75rem 0; }
.first h2 { font-size: .95rem; }
.first ul { margin: .3rem 0 0; }
.name { font-size: 1.6rem; font-weight: 700; line-height: 1.15; margin: 0 0 .5rem; }
.figures { font-variant-numeric: tabular-nums; font-weight: 600; }
.figures span + span { margin-left: .3em; }
.calls { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: .75rem; margin: .75rem 0; }
.call { border: 1px solid var(--line); border-radius: .4rem; padding: .6rem .9rem; background: var(--wash); }
.call h2 { font-size: .95rem; color: var(--deep); margin: 0 0 .25rem; }
.call p, .call ul { margin: .1rem 0; padding: 0; list-style: none; }
.call a { font-size: 1.15rem; font-weight: 700; white-space: nowrap; font-variant-numeric: tabular-nums; }
.call a[href^="mailto:"] { font-size: 1rem; white-space: normal; overflow-wrap: anywhere; }
.urgent { border: 2px solid var(--red); background: #fff; }
.urgent h2, .urgent a { color: var(--red); }
.urgent a { font-size: 1.5rem; }
.urgent li { display: flex; flex-wrap: wrap; gap: 0 .75rem; align-items: baseline; }

nav ul { display: flex; flex-wrap: wrap; gap: .35rem 1.1rem; list-style: none; padding: 0; margin: 1rem 0; }
main > section, .people, footer { margin-top: 1.75rem; }
main > section > h2, .people > h2, footer > h2 { font-size: 1.25rem; color: var(--deep); padding-bottom: .3rem;
  border-bottom: 2px solid var(--deep); margin-bottom: .6rem; }
h3 { font-size: 1.05rem; margin: 1.1rem 0 .3rem; }
h4, h5, h6 { font-size: 1rem; margin: .9rem 0 .3rem; }
.strong { border-left: .4rem solid var(--red); padding: .35rem .75rem; background: #fdf3f3; font-weight: 600; }
.caption, caption { font-weight: 700; text-align: left; padding: 0 0 .3rem; margin-bottom: 0; }
.caption { margin-top: 1rem; }
.caption + ul { margin-top: .2rem; }
table { margin: .9rem 0; border-collapse: collapse; width: 100%; }
th, td { text-align: left; vertical-align: top; padding: .4rem .6rem; border-bottom: 1px solid var(--line); }
thead th { background: var(--wash); color: var(--soft); font-size: .875rem; border-bottom: 2px solid var(--line); }
tbody td:first-child { font-weight: 600; }
.people table + table { margin-top: 1.25rem; }
footer { color: var(--soft); font-size: .9rem; }

@media (max-width: 44rem) {
  .who-where { grid-template-columns: minmax(0, 1fr); }
  .who-where dl { grid-template-columns: minmax(5rem, 8rem) minmax(0, 1fr); }
  .who-where > section + section { border-left: 0; border-top: 1px solid var(--line); }
  footer dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  footer dd { margin-bottom: .4rem; }
  thead { position: absolute; left: -999rem; }
  table, tbody, tr, td, caption { display: block; }
  tr { border: 1px solid var(--line); border-radius: .4rem; padding: .4rem .75rem; margin: .5rem 0; }
  td { border: 0; padding: .1rem 0; }
  td:empty { display: none; }
  td[data-label]::before { content: attr(data-label) " : "; color: var(--soft); font-weight: 400; }
  td:first-child::before { content: none; }
}
@media (max-width: 26rem) {
  .who-where dl { grid-template-columns: minmax(0, 1fr); gap: 0; }
  .who-where dd { margin-bottom: .3rem; }
}

@page { size: A4; margin: 17mm 15mm 16mm;
  @top-left { font: 8pt sans-serif; color: #47545f; width: 100%; vertical-align: bottom; padding-bottom: 3mm; }
  @bottom-right { font: 8pt sans-serif; color: #47545f; content: "Page " counter(page) " sur " counter(pages); } }
@page :first { margin-top: 13mm; @top-left { content: none; } }
@media print {
  html { font-size: 9.5pt; line-height: 1.38; }
  p, ul, dl { margin: .35rem 0; }
  table, .caption { margin-top: .7rem; }
  th, td { padding: .25rem .5rem; }
  body { max-width: none; padding: 0; }
  .skip, nav, .file a { display: none; }
  a { color: inherit; text-decoration: none; }
  .urgent a { color: var(--red); }
  .strong, .urgent, .call, thead th { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
  h2, h3, h4, h5, h6, caption, .caption { break-after: avoid; }
  thead { display: table-header-group; }
  tbody tr:first-child { break-before: avoid; }
  table:not(:has(tr:nth-child(6))) { break-inside: avoid; }
  tr, li, dt, dd, .call, .who-where, .notice, .first, footer { break-inside: avoid; }
  p { orphans: 3; widows: 3; }
  main > section, .people, footer { margin-top: 5mm; }
}
"""

EMERGENCY_STYLE = (
    STYLE
    + """\
.top { border-top-color: var(--red); }
h1 { color: var(--red); margin-bottom: .5rem; }
h1 small { font-size: .62em; }
.halves { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .75rem; margin: .75rem 0; }
.halves .call ul, .first ul { list-style: disc; padding-left: 1.1rem; }
.halves .call li { margin: .2rem 0; }
.call.urgent li { display: list-item; }
.call.urgent a { font-size: 1.25rem; }
.halves .call a { font-size: inherit; }
.orders { display: grid; grid-template-columns: repeat(auto-fit, minmax(18rem, 1fr)); gap: .5rem 1.5rem;
  border-color: var(--red); }
.orders h2 { color: var(--red); }
.visit > p { margin: .35rem 0 0; }

@page { size: A4; margin: 10mm 12mm 12mm; }
@page :first { margin-top: 10mm; }
@media print {
  html { font: 8.6pt/1.22 Arial, "Liberation Sans", "Helvetica Neue", sans-serif; }
  .name { font-size: 1.4rem; }
  .who-where > section { padding: .5rem .7rem; }
  .call, .first { padding: .4rem .7rem; }
  .calls, .halves, .first { margin: .45rem 0; gap: .45rem; }
  th, td { padding: .15rem .45rem; }
  footer { margin-top: 2mm; }
  .top { padding-top: .5rem; }
}
"""
)
