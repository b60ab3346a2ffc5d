"""The page's style sheet: light and dark by the reader's preference, and paper. Colour only repeats what words, dashes and
hatching say."""

STYLE = """
:root{color-scheme:light dark;--font:system-ui,-apple-system,"Segoe UI",Roboto,"DejaVu Sans",sans-serif;
--bg:#f5f6f8;--card:#fff;--ink:#16191d;--soft:#5b6470;--line:#d9dee5;--grid:#e9ecf0;
--bad:#c1121f;--warn:#8a5a00;--doubt:#8b1fa8;--good:#0b7a43;--up:#0b8a5b;--down:#c8323f;--cone:#4a76c9;--plus:#c2571a;--minus:#2166ac;
--badbg:#fdecec;--warnbg:#fff5df;--doubtbg:#f8eafc;--goodbg:#e7f6ee}
@media (prefers-color-scheme:dark){:root{--bg:#0f1216;--card:#171b21;--ink:#e7eaee;--soft:#9aa5b1;--line:#2c333c;--grid:#232930;
--bad:#ff6b6b;--warn:#f0b429;--doubt:#dd8cf5;--good:#4cc38a;--up:#3ecf8e;--down:#ff6b72;--cone:#6f9bea;--plus:#d9672a;--minus:#3f86cf;
--badbg:#3a1a1d;--warnbg:#352a10;--doubtbg:#301a38;--goodbg:#12301f}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:14px/1.45 var(--font)}
main{max-width:1320px;margin:0 auto;padding:18px}
h1{font-size:17px;margin:0}h2{font-size:15px;margin:26px 0 10px}h3{font-size:15px;margin:0}
header{display:flex;flex-wrap:wrap;gap:6px 16px;align-items:center}
header .when{margin-left:auto;color:var(--soft)}
.card,figure{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:12px 14px;margin:0}
figcaption,.soft{color:var(--soft);font-size:12px}
.badge{display:inline-block;font-weight:700;font-size:12px;letter-spacing:.04em;padding:2px 9px;border-radius:4px;
border:1px solid currentColor}
.CRITICAL,.critical{color:var(--bad)}.WARNING,.warning{color:var(--warn)}.UNKNOWN,.unknown{color:var(--doubt)}.clear{color:var(--good)}
.badge.CRITICAL,.badge.critical{background:var(--badbg)}.badge.WARNING,.badge.warning{background:var(--warnbg)}
.badge.UNKNOWN,.badge.unknown{background:var(--doubtbg)}.badge.clear{background:var(--goodbg)}
.alarm{border:2px solid var(--doubt);background:var(--doubtbg);border-radius:8px;padding:10px 14px;margin:12px 0;font-weight:600}
.room{display:grid;grid-template-columns:minmax(240px,auto) 1fr;gap:14px;margin:12px 0;align-items:stretch}
.room .big{font-size:34px;font-weight:750;line-height:1.15;font-variant-numeric:tabular-nums}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(178px,1fr));gap:10px;margin:12px 0}
.tile{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.tile b{display:block;font-size:18px;font-variant-numeric:tabular-nums;white-space:nowrap}
.tile span{color:var(--soft);font-size:12px}
.scroll.bare{border:0;border-radius:0}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{padding:6px 10px;text-align:right;white-space:nowrap;border-bottom:1px solid var(--grid)}
th{font-size:12px;color:var(--soft);font-weight:600}
tbody tr:last-child td{border-bottom:0}
.l{text-align:left}td.wrap{white-space:normal;min-width:190px}
td.sym{font-weight:700}td.do{font-weight:600;white-space:normal;min-width:110px}
.cards{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:14px}
.card .head{display:flex;flex-wrap:wrap;gap:4px 10px;align-items:baseline;margin-bottom:6px}
.card .head .act{margin-left:auto;font-weight:600}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 12px;margin:8px 0 0;font-size:13px}
dt{color:var(--soft)}dd{margin:0;font-variant-numeric:tabular-nums}
.two{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,440px),1fr));gap:14px}
svg{display:block;max-width:100%;height:auto}svg.chart,svg.bars,svg.meterbox{width:100%}
svg.defs{position:absolute;width:0;height:0}
svg text{font:12px var(--font);fill:var(--ink);font-variant-numeric:tabular-nums}
svg .axis{fill:var(--soft)}svg .name{fill:var(--ink)}svg .end{text-anchor:end}svg .mid{text-anchor:middle}
.grid{stroke:var(--grid)}.now{stroke:var(--soft);stroke-dasharray:2 3}
.cone1{fill:var(--cone);fill-opacity:.26}.cone2{fill:var(--cone);fill-opacity:.15}
.wick{stroke-width:1}.up{stroke:var(--up)}.down{stroke:var(--down)}
.candle.up{fill:var(--card)}.candle.down{fill:var(--down)}
.level{stroke-width:1.4;fill:none}.leader{stroke-width:1;fill:none;opacity:.7}
path.leader,line.level{stroke:var(--soft)}
line.entry,path.entry{stroke:var(--ink);stroke-dasharray:1 3}line.mark,path.mark{stroke:var(--soft);stroke-dasharray:2 3}
line.stop,path.stop{stroke:var(--bad);stroke-width:2.2;stroke-dasharray:none}
line.plan,path.plan{stroke:var(--bad);stroke-dasharray:7 4}
line.void,path.void{stroke:var(--doubt);stroke-dasharray:2 5}
line.part,path.part{stroke:var(--good);stroke-dasharray:2 3}
line.target,path.target{stroke:var(--good);stroke-dasharray:9 3 2 3;stroke-width:1.8}
line.liq,path.liq{stroke:var(--doubt);stroke-width:2.2;stroke-dasharray:12 4}
svg text.stop{fill:var(--bad);font-weight:700}svg text.plan{fill:var(--bad)}svg text.part,svg text.target{fill:var(--good)}
svg text.liq,svg text.void{fill:var(--doubt);font-weight:700}svg text.mark{font-weight:700}
svg text.absent{fill:var(--bad);font-weight:700;font-size:14px}
.cell{stroke:var(--card);stroke-width:1}.plus{fill:var(--plus)}.minus{fill:var(--minus)}
svg text.strong{fill:#fff;font-weight:600}.frame{fill:none;stroke:var(--ink);stroke-width:2.4}
.bar.risk,.meter.stops{fill:var(--cone)}.bar.over{fill:var(--bad)}.bar.gross{fill:var(--line)}.bar.assumed{fill:url(#hatch)}
.meter.stops{fill:url(#hatch)}.meter.lost{fill:url(#dots)}.meter.free{fill:var(--grid)}.cap{stroke:var(--ink);stroke-width:2.4}
footer{color:var(--soft);font-size:12px;margin:22px 0 6px;overflow-wrap:anywhere}
@media (max-width:1120px){.wider{display:none}}
@media (max-width:930px){.wide{display:none}}
@media (max-width:480px){.tiny{display:none}td.do{min-width:80px}td.wrap{min-width:110px}.badge{font-size:11px}}
@media (max-width:720px){
.tiles{grid-template-columns:repeat(auto-fit,minmax(128px,1fr))}
main{padding:10px}.room{grid-template-columns:1fr}.room .big{font-size:28px}
th,td{padding:5px 6px}header .when{margin-left:0;width:100%}td.wrap{min-width:150px}}
@media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;
--line:#bbb;--grid:#ddd;--bad:#a00;--warn:#740;--doubt:#708;--good:#063;
--up:#063;--down:#a00;--cone:#36c;--badbg:#fff;--warnbg:#fff;--doubtbg:#fff;--goodbg:#fff}
body{font-size:11px}th,td{padding:3px 3.5px;font-size:9.5px}
.wide{display:table-cell}td.wrap{min-width:110px}td.do{min-width:64px}
main{max-width:none;padding:0}.room .big{font-size:22px}
.card,figure,.tile,tr,.scroll{break-inside:avoid}.scroll{overflow:visible}}
"""
