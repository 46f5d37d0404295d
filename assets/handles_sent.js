// What was changed by hand and what the network has answered: an answer to an earlier change does not undo a later one.
function put(board, channel, gate) {
  board.data.now[channel] = gate ?? board.data.before[channel]
  if (gate === null) board.single.delete(channel)
  else board.single.add(channel)
}

// Over an answer, what was sent and not answered yet; what is not taken is let go after a while.
function keep(board) {
  const taken = ([channel, gate]) => gate === null ? !board.single.has(Number(channel)) : Math.abs(board.data.now[channel] - gate) < 0.004
  if (Object.entries(board.sent).every(taken) || (board.unanswered += 1) > 3) board.sent = {}
  for (const [channel, gate] of Object.entries({ ...board.sent, ...board.changes })) put(board, Number(channel), gate)
}

// Sends `changes`, channel → gate, with all that have waited; after `patience` milliseconds without another one.
function tellSoon(board, changes, patience) {
  clearTimeout(board.waiting)
  const { block } = board.data
  board.changes = { ...board.changes, ...changes }
  const tell = () => {
    board.send({ block, gates: Object.entries(board.changes).map(([key, value]) => [Number(key), value]) })
    board.sent = { ...board.sent, ...board.changes }
    board.changes = {}
    board.unanswered = 0
  }
  if (patience) board.waiting = setTimeout(tell, patience)
  else tell()
}
