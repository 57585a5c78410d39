// The engine: C++ compiled to WebAssembly. engine.call("gan_step", 0) runs extern "C" functions that return an Answer
// (panels/answer.hpp): it returns the numbers as a Float32Array, or throws a StudioError with the message.
class StudioError extends Error {
  constructor(message, todo) { super(message); this.todo = todo; }
}

// Bytes of a part of the page's data: base64 of a deflated file.
async function inflated(base64) {
  const packed = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

class Engine {
  static async start(wasm) {
    const engine = new Engine();
    engine.module = await createEngine({ wasmBinary: await inflated(wasm) });
    return engine;
  }

  call(name, ...values) {
    const module = this.module, taken = [], words = [];
    const copy = (bytes) => {
      const place = module._malloc(Math.max(bytes.length, 1));
      taken.push(place);
      module.HEAPU8.set(bytes, place);
      return place;
    };
    for (const value of values) {
      if (typeof value === "string") words.push(copy(new TextEncoder().encode(value + "\0")));
      else if (ArrayBuffer.isView(value)) words.push(copy(new Uint8Array(value.buffer, value.byteOffset, value.byteLength)), value.length);
      else if (Array.isArray(value)) words.push(copy(new Uint8Array(new Float32Array(value).buffer)), value.length);
      else words.push(Number(value));
    }
    try {
      const place = module["_" + name](...words) >> 2;  // the call may replace the heap by a larger one
      const [error, todo, numbers, count] = module.HEAP32.subarray(place, place + 4);
      if (error) throw new StudioError(this.text(error), todo ? this.text(todo) : "");
      return module.HEAPF32.slice(numbers >> 2, (numbers >> 2) + count);
    } finally {
      taken.forEach((place) => module._free(place));
    }
  }

  text(place) {
    const heap = this.module.HEAPU8;
    return new TextDecoder().decode(heap.slice(place, heap.indexOf(0, place)));
  }
}

// The sentence for a panel's notice.
function sentence(error) {
  if (error.todo) return `Task ${error.todo} is not written yet (${error.message.split(": task")[0]}). What needs it stays empty; the rest of the page works.`;
  return error.message;
}
