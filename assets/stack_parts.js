// How the four stacks look, in the order of KINDS: the same everywhere.
const LOOKS = [
  { name: "plain", shape: "square", dash: "8 4" }, { name: "skip", shape: "triangle", dash: "2 3" },
  { name: "norm", shape: "diamond", dash: "10 3 2 3" }, { name: "skip + norm", shape: "circle", dash: "" },
]

const node = (name, cls, text = "") => Object.assign(document.createElement(name), { className: cls, textContent: text })
