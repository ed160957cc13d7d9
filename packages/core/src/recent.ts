/**
 * What a pure function made of texts that come again and again, such as the URLs of services. It is bounded: at most
 * `count` texts are kept, none of them longer than `characters`; whatever else is asked for is made anew each time.
 *
 * Texts are kept in two halves. A full half becomes the old one, and the old one is forgotten but for what was asked for
 * meanwhile: so a hit costs one look-up and moves nothing.
 */
export class Recent<Value extends NonNullable<unknown>> {
  readonly #make: (text: string) => Value;
  readonly #half: number;
  readonly #characters: number;
  #young = new Map<string, Value>();
  #old = new Map<string, Value>();

  /** @param make pure: it is asked once for a text as long as that is kept */
  constructor(make: (text: string) => Value, { count = 1024, characters = 256 } = {}) {
    this.#make = make;
    this.#half = Math.max(1, count >> 1);
    this.#characters = characters;
  }

  get size(): number {
    return this.#young.size + this.#old.size;
  }

  of(text: string): Value {
    return this.#young.get(text) ?? this.#older(text);
  }

  #older(text: string): Value {
    const old = this.#old.get(text);
    if (old === undefined) {
      const made = this.#make(text);
      if (text.length <= this.#characters) this.#keep(copyOf(text), made);
      return made;
    }
    this.#old.delete(text);
    this.#keep(text, old);
    return old;
  }

  #keep(text: string, value: Value): void {
    if (this.#young.size >= this.#half) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(text, value);
  }
}

/** The engine may keep a part of a text as a view of the whole: then the whole would be kept too, secrets included. */
function copyOf(text: string): string {
  return JSON.parse(JSON.stringify(text));
}

/**
 * What of a URL tells where it leads, to be remembered by: all before query and fragment, which are often of one
 * transaction alone and may hold secrets. Undefined where there may be a user and a password: such a URL is not remembered.
 */
export function memorable(url: string): string | undefined {
  if (url.includes('@')) return undefined;
  const query = url.indexOf('?');
  const place = query === -1 ? url : url.slice(0, query);
  const fragment = place.indexOf('#');
  return fragment === -1 ? place : place.slice(0, fragment);
}
