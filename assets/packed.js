// What effnet_core/figures/packing.py packs: a head, and numbers and files behind it, taken one after another.
function unpack(bytes) {
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint32(0)
  let at = 4 + length
  const cut = (size) => bytes.slice(at, (at += size)) // a copy begins where numbers of any kind may
  return {
    head: JSON.parse(new TextDecoder().decode(bytes.subarray(4, at))),
    take: (count, Kind = Float32Array) => new Kind(cut(count * Kind.BYTES_PER_ELEMENT).buffer),
    file: (size = bytes.length - at) => new Blob([cut(size)]),
  }
}
