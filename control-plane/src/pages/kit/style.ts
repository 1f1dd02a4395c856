import { styleOf } from './html.ts'

/** Colours for light and for dark. A test holds that each pair that stands together has the contrast of WCAG 2.2 AA. */
export const PALETTE = {
  light: {
    ink: '#18212c',
    soft: '#536071',
    paper: '#f4f6f9',
    card: '#ffffff',
    line: '#dde3ea',
    field: '#7b8796',
    accent: '#0b5cb8',
    press: '#094c99',
    'on-accent': '#ffffff',
    tint: '#eaf2fc',
    caution: '#6b4300',
    'caution-paper': '#fff7e8',
    'caution-line': '#e6c683',
    good: '#0d6a3c',
    bad: '#b21f2b',
    'bad-paper': '#fdf0f0',
  },
  dark: {
    ink: '#e9eef4',
    soft: '#a6b2c0',
    paper: '#0d1218',
    card: '#161d26',
    line: '#2b3642',
    field: '#748294',
    accent: '#86bdff',
    press: '#a9d0ff',
    'on-accent': '#071a30',
    tint: '#1a2b40',
    caution: '#f3cf8a',
    'caution-paper': '#2a2214',
    'caution-line': '#6b5526',
    good: '#6fd6a1',
    bad: '#ff9a9a',
    'bad-paper': '#2f191c',
  },
} as const

const colours = (palette: Record<string, string>) =>
  Object.entries(palette)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';')

const css = `
:root{color-scheme:light dark;${colours(PALETTE.light)}}
@media (prefers-color-scheme:dark){:root{${colours(PALETTE.dark)}}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;text-size-adjust:100%}
body{margin:0;min-height:100vh;min-height:100dvh;display:flex;flex-direction:column;align-items:center;padding:1.5rem 1rem;background:var(--paper);color:var(--ink);font:1rem/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans",sans-serif;overflow-wrap:anywhere}
header,main,footer{width:100%;max-width:27rem}
header{display:flex;align-items:center;gap:.6rem;margin:auto 0 1rem;padding:0 .25rem;font-weight:600;letter-spacing:-.01em}
header svg{width:1.75rem;height:1.75rem}
main{padding:1.75rem 2rem 2rem;background:var(--card);border:1px solid var(--line);border-radius:16px;box-shadow:0 1px 2px #0b1a2b0d,0 12px 32px -12px #0b1a2b1f}
footer{margin:1rem 0 auto}
h1{margin:0 0 .5rem;font-size:1.4rem;line-height:1.3;font-weight:650;letter-spacing:-.015em;text-wrap:balance}
h2{margin:1.5rem 0 .4rem;font-size:.875rem;font-weight:600;color:var(--soft)}
p{margin:0 0 1rem}p:last-child{margin-bottom:0}
.lead,.soft{color:var(--soft)}.lead{margin-bottom:1.5rem}
ul{margin:0;padding:0;list-style:none}
svg{flex:none}
.icon{width:1.25rem;height:1.25rem;margin-top:.125rem}
.row{display:flex;gap:.6rem;margin:.4rem 0}.row>:last-child{min-width:0}
.good>.icon{color:var(--good)}
.pair{display:flex;align-items:center;gap:.5rem;margin:0 0 1.25rem;color:var(--field)}
.pair svg{width:3rem;height:3rem}.pair .dots{width:2rem}
.letter{display:grid;place-items:center;width:3rem;height:3rem;border-radius:12px;background:var(--tint);border:1px solid var(--line);color:var(--accent);font-size:1.35rem;font-weight:650}
.sign{display:block;width:3rem;height:3rem;margin:0 0 1rem;color:var(--accent)}.sign.bad{color:var(--bad)}.sign.good{color:var(--good)}
dl{margin:1rem 0 0;border-top:1px solid var(--line)}
dl>div{display:grid;grid-template-columns:minmax(6rem,28%) 1fr;gap:.1rem 1rem;padding:.55rem 0;border-bottom:1px solid var(--line)}
.wide{margin-top:1.75rem}.wide>div{grid-template-columns:1fr}dl>div:last-child{border-bottom:0;padding-bottom:0}
dt{color:var(--soft);overflow-wrap:break-word}dd{margin:0;font-weight:500}
.box{margin:1.25rem 0 0;padding:.9rem 1rem;border:1px solid var(--line);border-radius:10px}
.box p{margin:0 0 .5rem}.box p:last-child{margin:0}
.row.caution{margin:1.25rem 0 0}
.caution{background:var(--caution-paper);border-color:var(--caution-line);color:var(--caution)}
.fault{margin:0 0 1rem;background:var(--bad-paper);border-color:currentColor;color:var(--bad)}
form{margin:1.5rem 0 0}form.bare{margin:0}
label{display:block;margin:0 0 .35rem;font-weight:600}
input[type=email],input[type=text],input[type=password]{display:block;width:100%;min-height:2.75rem;margin:0 0 1rem;padding:.55rem .75rem;font:inherit;color:inherit;background:var(--card);border:1px solid var(--field);border-radius:9px}
input.code{font:600 1.5rem/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;letter-spacing:.12em;text-align:center;text-transform:uppercase}
[aria-invalid=true]{border-color:var(--bad)}
.check{font-size:.9375rem;display:flex;gap:.6rem;align-items:flex-start;margin:1.25rem 0 0;font-weight:400;cursor:pointer}
.check input{flex:none;width:1.15rem;height:1.15rem;margin:.18rem 0 0;accent-color:var(--accent)}
button,.button{display:block;width:100%;min-height:2.75rem;padding:.55rem 1rem;font:inherit;font-weight:600;text-align:center;text-decoration:none;color:var(--ink);background:var(--card);border:1px solid var(--field);border-radius:9px;cursor:pointer;overflow-wrap:break-word;transition:background .12s,border-color .12s}
button:hover,.button:hover{border-color:var(--accent)}
.main{color:var(--on-accent);background:var(--accent);border-color:var(--accent)}
.main:hover{background:var(--press);border-color:var(--press)}
button+button{margin-top:.6rem}.after{margin:1.5rem 0 0}.after+.after,.after+form{margin-top:.75rem}
.two{display:flex;flex-wrap:wrap;gap:.75rem;margin-top:1.5rem}.two button{flex:1 1 6rem;width:auto;margin:0;padding-inline:.6rem}
.quiet{display:inline;font-size:.9375rem;width:auto;min-height:1.5rem;padding:0;font-weight:500;text-align:start;color:var(--accent);background:none;border:0;border-radius:4px;text-decoration:underline;text-underline-offset:.2em;text-decoration-thickness:1px}
.quiet:hover{text-decoration-thickness:2px}
.or{display:flex;align-items:center;gap:.75rem;margin:1.25rem 0;color:var(--soft);font-size:.875rem}
.or::before,.or::after{content:"";flex:1;border-top:1px solid var(--line)}
.who{display:flex;flex-wrap:wrap;align-items:center;overflow-wrap:break-word;gap:.4rem .75rem;margin:1.25rem 0 0;padding:.75rem .9rem;border:1px solid var(--line);border-radius:10px}
.who p{flex:1 1 8rem;min-width:0;margin:0;line-height:1.35}.who form{margin:0}.who small{display:block;color:var(--soft)}
.who .letter{width:2.25rem;height:2.25rem;border-radius:50%;font-size:1rem}
.shown-code{display:block;margin:.25rem 0 0;padding:.8rem;text-align:center;font:600 1.75rem/1.2 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;letter-spacing:.1em;background:var(--paper);border:1px solid var(--line);border-radius:10px}
code.id{font:.9rem/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,"DejaVu Sans Mono",monospace;user-select:all}
small{font-size:.875rem}
main{font-size:.9375rem}.lead,label,input,button,.button{font-size:1rem}
details{margin:1rem 0 0;color:var(--soft);font-size:.9rem}summary{padding:.15rem 0;cursor:pointer}details p,details ul{margin:.5rem 0 0}details li{margin:.35rem 0}
.languages form{display:flex;flex-wrap:wrap;justify-content:center;gap:.25rem 1rem;margin:0}
.languages button{margin:0;font-size:.875rem;color:var(--soft)}
.languages [aria-current]{color:var(--ink);text-decoration:none;font-weight:600}
:focus-visible{outline:3px solid var(--accent);outline-offset:2px}
a{color:var(--accent)}
@media (max-width:30rem){body{padding:1rem .75rem}main{padding:1.5rem 1.25rem}dl>div{grid-template-columns:1fr}.who form{flex-basis:100%;padding-inline-start:3rem}input.code,.shown-code{font-size:1.35rem}}
@media (prefers-reduced-motion:reduce){button,.button{transition:none}}
@media (forced-colors:active){.main{border-width:2px}.letter,.box{forced-color-adjust:auto}}
`

/** The one style sheet of all pages. */
export const STYLE = styleOf(css)
