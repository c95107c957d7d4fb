-- report-style.lua - how report.html looks: light and dark, on a phone and on paper. (CSS)

return [[
:root { color-scheme: light dark; --ink: #1a1a1a; --soft: #595959; --paper: #ffffff; --line: #d0d0d0; --shade: #f4f4f2; --link: #00568c; --bad: #a33c00; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e8e8e6; --soft: #a8a8a4; --paper: #17191c; --line: #3c4046; --shade: #22252a; --link: #7cc4f0; --bad: #ff9a5c; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 1.5rem 1rem 4rem; font: 1rem/1.55 system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; color: var(--ink); background: var(--paper); overflow-wrap: break-word; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.3rem; margin: 2.4rem 0 .6rem; padding-top: .6rem; border-top: 1px solid var(--line); }
a { color: var(--link); }
p { max-width: 46rem; margin: .6rem 0; }
.by, .file, caption, .count { color: var(--soft); font-size: .9rem; }
nav ul { padding-left: 1.2rem; margin: .6rem 0; }
figure { margin: 1.4rem 0; }
.picture, .wide { overflow: auto; }
.picture { background: #fff; border: 1px solid var(--line); border-radius: 4px; width: fit-content; max-width: 100%; }
.picture svg { display: block; max-width: 100%; height: auto; }
.picture .p { pointer-events: all; cursor: crosshair; }
figcaption { max-width: 46rem; margin-top: .4rem; }
.file { display: block; font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .78rem; }
.wide { margin: 1rem 0; }
.tall { max-height: 34rem; margin-top: .3rem; }
.tall thead th { position: sticky; top: 0; background: var(--paper); }
table { border-collapse: separate; border-spacing: 0; font-size: .92rem; }
.told { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { text-align: left; vertical-align: top; padding: .25rem .9rem .25rem 0; border-bottom: 1px solid var(--line); overflow-wrap: normal; }
tbody th { font-weight: 600; }
.prose tbody th { min-width: 9rem; }
.prose td:not(.n) { min-width: 7.5rem; }
td.n, th.n { text-align: right; font-variant-numeric: tabular-nums; }
thead th { border-bottom: 2px solid var(--soft); white-space: nowrap; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; white-space: nowrap; }
th button::after { content: "\2195"; color: var(--soft); padding-left: .3em; font-weight: 400; }
th[aria-sort=ascending] button::after { content: "\2191"; color: var(--link); }
th[aria-sort=descending] button::after { content: "\2193"; color: var(--link); }
.filter { display: flex; flex-wrap: wrap; gap: .3rem .8rem; align-items: baseline; margin-top: .8rem; }
.filter input { font: inherit; font-size: .92rem; width: 18rem; max-width: 100%; padding: .25rem .5rem; color: var(--ink); background: var(--paper); border: 1px solid var(--soft); border-radius: 4px; }
.filter input:invalid, .filter input[aria-invalid=true] { border-color: var(--bad); }
:focus-visible { outline: 2px solid var(--link); outline-offset: 2px; }
.lines { white-space: pre-wrap; font: .84rem/1.4 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; max-height: 12rem; min-width: 20rem; overflow: auto; }
pre { overflow-x: auto; max-height: 32rem; padding: .7rem .9rem; background: var(--shade); border-radius: 4px; font: .84rem/1.45 ui-monospace, "DejaVu Sans Mono", Consolas, monospace; }
code { font-family: ui-monospace, "DejaVu Sans Mono", Consolas, monospace; font-size: .92em; }
summary { cursor: pointer; color: var(--link); }
details { margin: .6rem 0; }
.missing { border-left: 4px solid #d55e00; padding-left: .7rem; }
.bad { color: var(--bad); font-weight: 600; }
#manifest td, #again pre { overflow-wrap: anywhere; }
#again pre { white-space: pre-wrap; }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --shade: #f4f4f4; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  figure, tr { break-inside: avoid; }
  h2 { break-after: avoid; }
  .picture { border: none; }
  .picture svg { min-width: 0 !important; }
  .tall, .lines, pre { max-height: none; overflow: visible; }
  .tall thead th { position: static; }
  pre { white-space: pre-wrap; }
  nav, .filter { display: none; }
  th button::after { content: "" !important; }
}
]]
