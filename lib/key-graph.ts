/**
 * The graph form of a key: for arguments with cycles, great depth, or the same objects reached a great many times.
 *
 * Objects are the nodes. Nodes that no amount of following parts could tell apart become one (the coarsest partition,
 * as in the minimization of automata), and the rest are numbered in the order in which they are reached: so equal
 * content gives equal text however its objects are shared, and time and length grow with the number of objects.
 */
import { types } from 'node:util'
import { keyTooLarge } from './cached-errors.js'
import { type Content, contentOf } from './key-content.js'
import { writeContent } from './key-walk.js'
import { KeyWriter } from './key-writer.js'

/** More objects than this are refused: also what getters make anew without end stops here. */
const MOST_NODES = 250_000
/** How many steps telling nodes apart may take, which for cycles grows faster than their number. */
const MOST_STEPS = 20_000_000

// Stands for an object in the label of another; not a tag.
const REFERENCE = '#'

/** One object of the arguments. */
interface Node {
  /** What is in it, with REFERENCE for each object. */
  readonly label: string
  /** Those objects, as indices of nodes. */
  readonly children: number[]
}

/**
 * The text of `root`, which is unlike any tree's. Throws a `RangeError` with code `ERR_MOKAPOT_INVALID_KEY` for
 * what is too large.
 */
export function graphText(root: unknown[], printable: boolean): string {
  try {
    return writeGraph(root, printable)
  } catch (error) {
    throw isTooLong(error) ? keyTooLarge(error) : error
  }
}

// Whether `error` says that a string, or bytes made one, would be longer than any can be.
function isTooLong(error: unknown): boolean {
  if (!types.isNativeError(error)) return false
  return (
    error.message === 'Invalid string length' || (error as { code?: unknown }).code === 'ERR_STRING_TOO_LONG'
  )
}

function writeGraph(root: unknown[], printable: boolean): string {
  const nodes = readNodes(root, printable)
  const classes = classify(nodes)
  const parts: string[] = ['&']
  const numbers = new Map<number, number>([[classes[0] as number, 0]])
  const order = [0]
  for (const index of order) {
    const { label, children } = nodes[index] as Node
    parts.push(label)
    for (const child of children) {
      const its = classes[child] as number
      let number = numbers.get(its)
      if (number === undefined) {
        number = numbers.size
        numbers.set(its, number)
        order.push(child)
      }
      parts.push(`${number},`)
    }
  }
  return parts.join('')
}

function readNodes(root: unknown[], printable: boolean): Node[] {
  const nodes: Node[] = []
  const objects: object[] = [root]
  const indices = new Map<object, number>([[root, 0]])
  const writer = new KeyWriter(printable)
  let children: number[] = []
  const write = (_: KeyWriter, part: unknown): void => {
    if ((typeof part !== 'object' || part === null) && typeof part !== 'function') {
      writePrimitive(writer, part)
      return
    }
    let index = indices.get(part)
    if (index === undefined) {
      index = objects.length
      if (index >= MOST_NODES) throw keyTooLarge()
      indices.set(part, index)
      objects.push(part)
    }
    children.push(index)
    writer.ascii(REFERENCE)
  }
  for (const object of objects) {
    let cause: unknown
    const content: Content | undefined = contentOf(object, (error) => {
      cause = error
    })
    children = []
    writer.begin()
    if (content === undefined) writer.identity(object, cause)
    else writeContent(writer, content, 0, write)
    nodes.push({ label: writer.end(), children })
  }
  return nodes
}

function writePrimitive(writer: KeyWriter, part: unknown): void {
  if (typeof part === 'string') writer.string(part)
  else if (typeof part === 'number') writer.number(part)
  else writer.other(part)
}

// The class of each node: equal numbers for equal content.
function classify(nodes: readonly Node[]): Int32Array {
  const classes = new Int32Array(nodes.length).fill(-1)
  const known = new Map<string, number>()
  const classOf = (signature: string): number => {
    let its = known.get(signature)
    if (its === undefined) {
      its = known.size
      known.set(signature, its)
    }
    return its
  }
  const labels = new Map<string, number>()
  for (const { label } of nodes) if (!labels.has(label)) labels.set(label, labels.size)
  const signature = (node: Node, own: number | undefined): string =>
    `${own} ${node.children.map((child) => classes[child]).join()}`

  const { sorted, rest } = leavesFirst(nodes)
  for (const index of sorted) {
    const node = nodes[index] as Node
    classes[index] = classOf(signature(node, labels.get(node.label)))
  }
  // What is left reaches a cycle. All such nodes start as one class, and part while their parts differ.
  let count = 0
  let steps = 0
  for (;;) {
    known.clear()
    const finer = rest.map((index) => {
      const node = nodes[index] as Node
      steps += node.children.length + 1
      // Classes of the first kind stay apart from these by their place: a part is of one kind in both or neither.
      return classOf(`${classes[index]} ${signature(node, labels.get(node.label))}`)
    })
    rest.forEach((index, i) => {
      classes[index] = nodes.length + (finer[i] as number)
    })
    if (known.size === count) return classes
    count = known.size
    if (steps > MOST_STEPS) throw keyTooLarge()
  }
}

// The nodes that reach no cycle, each after all of its parts, and the others.
function leavesFirst(nodes: readonly Node[]): { sorted: number[]; rest: number[] } {
  const waiting = new Int32Array(nodes.length)
  const parents: number[][] = nodes.map(() => [])
  nodes.forEach(({ children }, index) => {
    waiting[index] = children.length
    for (const child of children) (parents[child] as number[]).push(index)
  })
  const sorted: number[] = []
  nodes.forEach((_, index) => {
    if (waiting[index] === 0) sorted.push(index)
  })
  for (const index of sorted) {
    for (const parent of parents[index] as number[]) {
      waiting[parent] = (waiting[parent] as number) - 1
      if (waiting[parent] === 0) sorted.push(parent)
    }
  }
  const rest: number[] = []
  nodes.forEach((_, index) => {
    if ((waiting[index] as number) > 0) rest.push(index)
  })
  return { sorted, rest }
}
