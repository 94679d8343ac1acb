#pragma once

#include <string_view>

namespace polis {

/// The style sheet of alert_page: light and dark by the reader's setting, no fonts or pictures from
/// elsewhere. Colours f0..f4 are those of Okabe & Ito (2008), told apart by colour-blind readers.
inline constexpr std::string_view kAlertPageStyle = R"css(
:root{color-scheme:light dark;--bg:#f4f5f7;--card:#fff;--ink:#1b1f24;--dim:#59636e;--line:#d5d9de;--accent:#0b62b8;--warn:#8a4b00;--warnbg:#fff3e0;
--f0:#0072b2;--f1:#d55e00;--f2:#00805e;--f3:#a8437f;--f4:#6a5d00}
@media(prefers-color-scheme:dark){:root{--bg:#0f1216;--card:#181c22;--ink:#e4e8ed;--dim:#97a3b0;--line:#2d343d;--accent:#78b7f5;--warn:#ffc27a;--warnbg:#33260f;
--f0:#56b4e9;--f1:#f08a3c;--f2:#2fc49a;--f3:#e08cbf;--f4:#e8d84a}}
*{box-sizing:border-box}
body{margin:0;background:var(--bg);color:var(--ink);font:15px/1.45 system-ui,"Segoe UI",Roboto,"DejaVu Sans",sans-serif}
main,header{max-width:1160px;margin:0 auto;padding:0 18px}
header{padding-top:22px}
h1{font-size:1.55rem;margin:0 0 .2rem}
h2{font-size:1.12rem;margin:0;display:flex;flex-wrap:wrap;gap:.2rem .7rem;align-items:baseline}
.rank{color:var(--dim);font-weight:400}
.tag{font-size:.82rem;font-weight:600;border:1px solid var(--line);border-radius:99px;padding:.05rem .6rem}
.t-orphan .tag{border-color:var(--f2);color:var(--f2)}.t-galaxy .tag{border-color:var(--f3);color:var(--f3)}
.t-moving .tag,.t-pair .tag{border-color:var(--f0);color:var(--f0)}
.p{margin-left:auto;font-variant-numeric:tabular-nums}
.number,td.n{font-variant-numeric:tabular-nums;white-space:nowrap}
.lead,.none,figcaption,.links{color:var(--dim)}
.lead{margin:.1rem 0 .8rem}
.caveat{background:var(--warnbg);color:var(--warn);border-radius:6px;padding:.3rem .7rem;margin:.5rem 0}
fieldset{border:1px solid var(--line);border-radius:8px;margin:.6rem 0 1rem;padding:.3rem .8rem .5rem;display:flex;flex-wrap:wrap;gap:.2rem 1.1rem}
legend{color:var(--dim);font-size:.85rem}
.scroll{overflow-x:auto;background:var(--card);border:1px solid var(--line);border-radius:8px;margin-bottom:1.4rem;max-height:26rem}
table{border-collapse:collapse;width:100%;font-size:.88rem}
th,td{padding:.32rem .6rem;text-align:left;border-bottom:1px solid var(--line);white-space:nowrap}
thead th{position:sticky;top:0;background:var(--card);color:var(--dim);font-weight:600}
tbody tr:last-child td{border-bottom:0}
td.n,th.n{text-align:right}
a{color:var(--accent)}
.card{background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px 18px 12px;margin:0 0 18px;scroll-margin-top:10px}
.card:target{outline:2px solid var(--accent)}
.body{display:grid;grid-template-columns:minmax(0,1.18fr) minmax(0,1fr);gap:6px 26px;margin-top:10px}
.triplet{display:flex;gap:8px}
figure{margin:0;flex:1;max-width:190px}
figcaption{font-size:.8rem;text-align:center}
.stamp{width:100%;display:block;border-radius:4px;background:repeating-linear-gradient(45deg,#5a3a3a 0 4px,#442c2c 4px 8px)}
.stamp image{image-rendering:pixelated}
.hair{stroke:#ffb000;stroke-width:.9;fill:none}
.mark{stroke:#7fd4ff;stroke-width:.8;fill:none}
.marked{fill:#7fd4ff;font-size:4.6px;font-weight:600;paint-order:stroke;stroke:#0008;stroke-width:.8px}
.curve{width:100%;max-width:590px;display:block;margin-top:8px}
.curve text{fill:var(--dim);font-size:10.5px}
.box{fill:none;stroke:var(--line)}.grid{stroke:var(--line);stroke-dasharray:2 3}.tick{stroke:var(--dim);fill:none}
.f0{--c:var(--f0)}.f1{--c:var(--f1)}.f2{--c:var(--f2)}.f3{--c:var(--f3)}.f4{--c:var(--f4)}
.curve g circle,.curve g rect,.curve g path{fill:var(--c);stroke:var(--c)}
.curve g .limit{fill:none;opacity:.75}.curve g .error{stroke-width:1.2}.curve g .hollow{fill:var(--card)}
.curve g .shown{fill:none;stroke:var(--ink);stroke-width:1.2}
.curve g text{fill:var(--c);font-weight:600}
.bars{list-style:none;margin:0 0 10px;padding:0;font-size:.86rem}
.bars li{display:grid;grid-template-columns:9.6rem 1fr 3rem;gap:.6rem;align-items:center}
.bars b{font-weight:400;text-align:right;font-variant-numeric:tabular-nums}
.bar{height:.62rem;border-radius:3px;background:var(--bg);overflow:hidden;border:1px solid var(--line)}
.bar i{display:block;height:100%;background:var(--dim)}
.bars li:first-child{font-weight:600}.bars li:first-child i{background:var(--accent)}
dl{display:grid;grid-template-columns:7.6rem 1fr;gap:.16rem .7rem;margin:0;font-size:.88rem}
dt{color:var(--dim)}dd{margin:0;overflow-wrap:anywhere}
details{margin-top:.5rem}summary{cursor:pointer;color:var(--accent);font-size:.88rem}
details .triplet{max-width:420px}
.further{margin:.7rem 0 .3rem;font-size:.86rem}
code{font-size:.8rem;overflow-wrap:anywhere}
.links p{margin:.25rem 0}
@media(max-width:820px){.body{grid-template-columns:1fr}}
@media print{.scroll{max-height:none}.card{break-inside:avoid}}
body:has(#s-orphan:not(:checked)) .t-orphan,body:has(#s-galaxy:not(:checked)) .t-galaxy,
body:has(#s-variable:not(:checked)) .t-variable,body:has(#s-known_star:not(:checked)) .t-known_star,
body:has(#s-moving:not(:checked)) .t-moving,body:has(#s-pair:not(:checked)) .t-pair{display:none}
)css";

}  // namespace polis
