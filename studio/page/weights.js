// Tensors of the page: WEIGHTS.digits = {title, source, ..., tensors: [{name, shape, steps}, ..], data}. The build rounds each row of a
// matrix to a few levels; here the rows become numbers again.

// {name: Float32Array}
async function numbersOf(packed) {
  const codes = new Int8Array((await inflated(packed.data)).buffer), out = {};
  let place = 0;
  for (const { name, shape, steps } of packed.tensors) {
    const size = shape.reduce((a, b) => a * b, 1), width = size / steps.length, first = place;
    out[name] = Float32Array.from({ length: size }, (_, i) => codes[first + i] * steps[Math.floor(i / width)]);
    place += size;
  }
  return out;
}

// The same in the form of a safetensors file, as it could be dropped onto the page.
async function safetensors(packed) {
  const numbers = await numbersOf(packed), header = {};
  let count = 0;
  for (const { name, shape } of packed.tensors) {
    const size = numbers[name].length;
    header[name] = { dtype: "F32", shape, data_offsets: [4 * count, 4 * (count + size)] };
    count += size;
  }
  let json = JSON.stringify(header);
  json += " ".repeat((8 - json.length % 8) % 8);
  const head = new TextEncoder().encode(json), file = new Uint8Array(8 + head.length + 4 * count);
  new DataView(file.buffer).setBigUint64(0, BigInt(head.length), true);
  file.set(head, 8);
  const values = new Float32Array(file.buffer, 8 + head.length, count);
  for (const { name } of packed.tensors) values.set(numbers[name], header[name].data_offsets[0] / 4);
  return file;
}
