// How the four stacks look, in the order of KINDS: the same everywhere.
const LOOKS = [
  { name: "plain", shape: "square", dash: "8 4" }, { name: "skip", shape: "triangle", dash: "2 3" },
  { name: "norm", shape: "diamond", dash: "10 3 2 3" }, { name: "skip + norm", shape: "circle", dash: "" },
]

// Three digits of a number of any size.
function sized(value) {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "not a number" : "∞"
  if (value === 0) return "0"
  if (value >= 0.01 && value < 10000) return value >= 100 ? value.toFixed(0) : value.toPrecision(3)
  const [digits, power] = value.toExponential(1).split("e")
  return `${digits} · ${raised(Number(power))}`
}
