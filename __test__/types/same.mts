/** What the type tests say with: they are only compiled, never run. */

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** Compiles only if A and B are the very same type. */
export declare function same<A, B>(...proof: Equal<A, B> extends true ? [] : [differ: A, from: B]): void
