// Weights of the page: WEIGHTS.digits = {title, note, header, levels: [...], data}. The build rounds each row of a matrix to a few
// levels; here the rows become numbers again, in the form of a safetensors file, as it could be dropped onto the page.
async function safetensors(packed) {
  const codes = new Int8Array((await inflated(packed.data)).buffer);
  const header = {};
  let count = 0;
  for (const { name, shape } of packed.tensors) {
    const size = shape.reduce((a, b) => a * b, 1);
    header[name] = { dtype: "F32", shape, data_offsets: [4 * count, 4 * (count + size)] };
    count += size;
  }
  let json = JSON.stringify(header);
  json += " ".repeat((8 - json.length % 8) % 8);
  const head = new TextEncoder().encode(json), file = new Uint8Array(8 + head.length + 4 * count);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  const numbers = new Float32Array(file.buffer, 8 + head.length, count);
  let place = 0;
  for (const { shape, steps } of packed.tensors) {
    const rows = steps.length, width = shape.reduce((a, b) => a * b, 1) / rows;
    for (let row = 0; row < rows; ++row)
      for (let i = 0; i < width; ++i, ++place) numbers[place] = codes[place] * steps[row];
  }
  return file;
}
