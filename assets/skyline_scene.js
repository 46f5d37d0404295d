// Where everything of the skyline stands, and the drawing of it: windows on a canvas, the rest as SVG above it. Lengths in CSS pixels.
const GUTTER = 116 // left of the towers, for names
const FINEST = 1.8 // a window; where there is no room for that the picture is wider than its box
const NARROWEST = 34 // a tower's plot where there are few, so that numbers fit under it
const FEW = 20
const [ROOF, AXIS, STEP, CHART] = [34, 84, 40, 22] // above the roofs, axis 0 … 1, from chart to chart, a bar of 1
const SHARES = ["closed", "open", "distance"]

// As wide as its box where windows stay big enough; a tower narrower than its numbers gets a wider plot.
function sceneOf(head, room) {
  const towers = head.towers
  const few = towers.length <= FEW
  const plots = (size) => towers.map((tower) => Math.max(size * tower.width + 5, few ? NARROWEST : size * tower.width + 3))
  const across = (size) => plots(size).reduce((sum, plot) => sum + plot, 0)
  const wanted = Math.max(few ? 760 : 0, room - 2) - GUTTER
  let size = FINEST
  for (let step = 0.4; step > 0.01; step /= 2) while (across(size + step) <= wanted) size += step
  const widths = plots(size)
  let x = GUTTER
  const built = towers.map((tower, index) => {
    const left = x + (widths[index] - size * tower.width) / 2
    x += widths[index]
    return { ...tower, plot: [x - widths[index], widths[index]], left, wide: size * tower.width, high: size * tower.floors }
  })
  const ground = ROOF + size * head.floors
  const axis = ground + 42
  const bars = axis + AXIS + STEP
  return {
    towers: built,
    size,
    few,
    width: Math.ceil(x + 2),
    ground,
    axis,
    bars,
    foot: bars + 2 * STEP + 20,
    height: Math.ceil(bars + 2 * STEP + 28),
  }
}

const pane = (size) => (size > 3.4 ? size - Math.min(1, size * 0.13) : size)

// The place of window `index` of a tower: row by row from the ground.
function windowAt(scene, tower, index) {
  return { x: tower.left + scene.size * (index % tower.width), y: scene.ground - scene.size * (Math.floor(index / tower.width) + 1) }
}

const shadeOf = (head, gate) => head.colours[Math.floor(Math.min(1, Math.max(0, gate)) * (head.colours.length - 1) + 0.5)]

function paintWindows(canvas, head, scene, blocks) {
  const ratio = Math.min(2, window.devicePixelRatio || 1) * (scene.width * scene.height > 4e6 ? 0.5 : 1)
  canvas.width = Math.ceil(scene.width * ratio)
  canvas.height = Math.ceil(scene.height * ratio)
  canvas.style.width = `${scene.width}px`
  const brush = canvas.getContext("2d")
  brush.scale(ratio, ratio)
  const wide = pane(scene.size)
  scene.towers.forEach((tower, at) => {
    const { gates, places } = blocks[at]
    places.forEach((channel, index) => {
      const { x, y } = windowAt(scene, tower, index)
      brush.fillStyle = shadeOf(head, gates[channel])
      brush.fillRect(x, y, wide, wide)
    })
  })
}

// The windows as paths, one per colour, for a file that can be enlarged at will.
function windowPaths(head, scene, blocks) {
  const wide = pane(scene.size).toFixed(2)
  return scene.towers.flatMap((tower, at) => {
    const moves = new Map()
    blocks[at].places.forEach((channel, index) => {
      const { x, y } = windowAt(scene, tower, index)
      const colour = shadeOf(head, blocks[at].gates[channel])
      moves.set(colour, `${moves.get(colour) ?? ""}M${x.toFixed(2)} ${y.toFixed(2)}h${wide}v${wide}h-${wide}z`)
    })
    return [...moves].map(([fill, d]) => element("path", { fill, d }))
  })
}

// What a file says of itself, and its scale of colours.
function captionOf(head, scene) {
  const strip = Array.from({ length: 32 }, (_, step) =>
    element("rect", { x: scene.width - 150 + 4 * step, y: -4, width: 4.3, height: 9, fill: shadeOf(head, (step + 0.5) / 32) }),
  )
  return [
    words([head.name, "every gate", head.stamp].filter(Boolean).join(" · "), { class: "value", x: 0, y: 4 }),
    ...strip,
    words("gate 0", { class: "value", x: scene.width - 156, y: 4, "text-anchor": "end" }),
    words("1", { class: "value", x: scene.width - 16, y: 4 }),
  ]
}

function rangeOf(head, scene, tower) {
  const { mean, std, least, greatest } = tower.spread
  const centre = tower.plot[0] + tower.plot[1] / 2
  const y = (gate) => scene.axis + AXIS * (1 - Math.min(1, Math.max(0, gate)))
  const thick = Math.min(5, tower.plot[1] / 3)
  return [
    element("path", {
      class: "reach-line",
      d: `M${centre} ${y(least)}V${y(greatest)}M${centre - thick / 2} ${y(least)}h${thick}M${centre - thick / 2} ${y(greatest)}h${thick}`,
    }),
    element("rect", {
      class: "bar",
      x: centre - thick / 2,
      y: y(mean + std),
      width: thick,
      height: Math.max(0.5, y(mean - std) - y(mean + std)),
    }),
    element("circle", { class: "dot", cx: centre, cy: y(mean), r: Math.min(5, tower.plot[1] / 2.4), fill: shadeOf(head, mean) }),
  ]
}

function barsOf(scene, tower) {
  const width = Math.min(tower.wide, 60)
  const x = tower.plot[0] + (tower.plot[1] - width) / 2
  return SHARES.flatMap((key, place) => {
    const [share, ground] = [tower.spread[key], scene.bars + place * STEP]
    const text = key === "distance" ? written(share, 2) : share === 0 ? "0" : share < 0.005 ? "< 1 %" : `${(100 * share).toFixed(0)} %`
    const bar = element("rect", { class: "bar", x, y: ground - CHART * share, width, height: Math.max(0.7, CHART * share) })
    return scene.few
      ? [bar, words(text, { class: "value", x: x + width / 2, y: ground - CHART * share - 4, "text-anchor": "middle" })]
      : [bar]
  })
}

function towerOf(head, scene, tower, index) {
  const [x, width] = tower.plot
  const roof = scene.ground - tower.high
  const set = tower.operated
    ? [words(scene.few ? "set" : "•", { class: "set", x: tower.left + tower.wide / 2, y: roof - 7, "text-anchor": "middle" })]
    : []
  return element(
    "g",
    {
      class: tower.operated ? "tower operated" : "tower",
      role: "button",
      tabindex: index ? -1 : 0,
      "data-index": index,
      "aria-label": tower.label,
    },
    element("rect", { class: "reach", x, y: 0, width, height: scene.height }),
    element("rect", { class: "ground", x: tower.left, y: scene.ground + 2, width: tower.wide, height: 7, fill: tower.colour }),
    element("rect", { class: "frame", x: tower.left - 3.5, y: roof - 3.5, width: tower.wide + 6, height: tower.high + 16 }),
    ...set,
    ...rangeOf(head, scene, tower),
    ...barsOf(scene, tower),
    ...(scene.few
      ? [words(tower.unit.replace("stages.", ""), { class: "label", x: x + width / 2, y: scene.foot, "text-anchor": "middle" })]
      : []),
  )
}

// Under many towers the numbers of their stages; to the left what the rows are: that stays in sight when the picture is moved.
function namesOf(head, scene) {
  const left = { class: "label", x: GUTTER - 12, "text-anchor": "end" }
  const [names, grid] = [[], []]
  for (const [value, text] of [
    [0, "0"],
    [0.5, "½"],
    [1, "gate 1"],
  ]) {
    const y = scene.axis + AXIS * (1 - value)
    names.push(words(text, { ...left, y: y + 4 }))
    grid.push(element("path", { class: "grid", d: `M${GUTTER - 6} ${y}H${scene.width}` }))
  }
  const titles = [`share below ${head.closed}`, `share above ${head.open}`, "mean |1 − s|"]
  titles.forEach((text, place) => names.push(words(text, { ...left, y: scene.bars + place * STEP - 3 })))
  names.push(words(scene.few ? "block" : "stage", { ...left, y: scene.foot }))
  if (!scene.few) {
    for (const stage of new Set(scene.towers.map((tower) => tower.stage))) {
      const towers = scene.towers.filter((tower) => tower.stage === stage)
      const [first, last] = [towers[0], towers[towers.length - 1]]
      grid.push(
        words(stage, { class: "label", x: (first.plot[0] + last.plot[0] + last.plot[1]) / 2, y: scene.foot, "text-anchor": "middle" }),
      )
    }
  }
  const cover = element("rect", { class: "cover", x: 0, y: scene.axis - 14, width: GUTTER - 6, height: scene.height })
  return [element("g", {}, ...grid), element("g", { class: "names" }, cover, ...names)]
}

function drawingOf(head, scene) {
  const [grid, names] = namesOf(head, scene)
  return element(
    "svg",
    { width: scene.width, height: scene.height, role: "toolbar", "aria-label": head.title },
    element(
      "g",
      {},
      grid,
      ...scene.towers.map((tower, index) => towerOf(head, scene, tower, index)),
      names,
      element("rect", { class: "taken", width: 0, height: 0 }),
      element("rect", { class: "pointed", width: 0, height: 0 }),
    ),
  )
}
