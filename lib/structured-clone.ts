/**
 * Structured clone as bytes, in the format of `v8.serialize`.
 *
 * `node:v8` is loaded when it is first needed: that takes as long as loading half of this package, and neither strings,
 * numbers, plain data nor bytes need it.
 */

type V8 = typeof import('node:v8')

/** The documented hook that reads typed arrays and DataViews, which the type declarations leave out. */
interface HostObjectReader extends InstanceType<V8['DefaultDeserializer']> {
  _readHostObject(): NodeJS.ArrayBufferView
}

type Reader = new (bytes: Uint8Array) => HostObjectReader

interface Loaded {
  v8: V8
  /** Missing in Bun, whose `v8.deserialize` makes typed arrays with stores of their own. */
  OwnStores: Reader | undefined
}

let loaded: Loaded | undefined

/** The bytes of a value. Throws whatever `v8.serialize` throws. */
export function serialize(value: unknown): Buffer {
  loaded ??= load()
  return loaded.v8.serialize(value)
}

/**
 * The value again. Its typed arrays do not look into `bytes`, nor into the pool of small Buffers as those of
 * `v8.deserialize` do: each has a store of its own, so that `.buffer` of one never shows another.
 */
export function deserialize(bytes: Uint8Array): unknown {
  loaded ??= load()
  const { v8, OwnStores } = loaded
  if (OwnStores === undefined) return v8.deserialize(bytes)
  const reader = new OwnStores(bytes)
  reader.readHeader()
  return reader.readValue()
}

function load(): Loaded {
  const v8 = process.getBuiltinModule('node:v8')
  return { v8, OwnStores: isDeserializerThere(v8) ? ownStores(v8.DefaultDeserializer as Reader) : undefined }
}

function isDeserializerThere(v8: V8): boolean {
  try {
    new v8.DefaultDeserializer(v8.serialize(0))
    return true
  } catch {
    return false
  }
}

function ownStores(Deserializer: Reader): Reader {
  return class extends Deserializer {
    override _readHostObject(): NodeJS.ArrayBufferView {
      const view = super._readHostObject()
      const store = new Uint8Array(view.buffer, view.byteOffset, view.byteLength).slice().buffer
      if (Buffer.isBuffer(view)) return Buffer.from(store) // its constructor is deprecated
      return new (view.constructor as new (store: ArrayBufferLike) => NodeJS.ArrayBufferView)(store)
    }
  }
}
