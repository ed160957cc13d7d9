/** Reads the text of JSON as text: what is in it stays as it was written, long numbers included. */

const quote = 0x22;
const backslash = 0x5c;
const comma = 0x2c;
const colon = 0x3a;
const openBracket = 0x5b;
const closeBracket = 0x5d;
const openBrace = 0x7b;
const closeBrace = 0x7d;

/**
 * Whether arrays and objects in a JSON text are nested deeper than `most`. Asked before the text is parsed, since a few
 * megabytes of opening brackets keep the parser busy for half a second; this takes a third of a parse at most.
 */
export function isDeeperThan(text: string, most: number): boolean {
  // Most texts have fewer brackets than that, and looking for one costs far less than going through the text.
  if (leftOf(text, '{', leftOf(text, '[', most)) >= 0) return false;
  let depth = 0;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        if (at === -1) return false;
        break;
      case openBracket:
      case openBrace:
        depth += 1;
        if (depth > most) return true;
        break;
      case closeBracket:
      case closeBrace:
        depth -= 1;
        break;
      default:
    }
  }
  return false;
}

/** How many values the arrays and objects of a JSON text hold in all: members of objects, and members and elements. */
export interface JsonSize {
  readonly members: number;
  readonly values: number;
}

/**
 * Whether a JSON text holds more than that. Asked before the text is parsed: an object of some hundred thousand names
 * keeps the parser busy for half a second. A text without so many colons and commas is not gone through.
 */
export function isWiderThan(text: string, { members, values }: JsonSize): boolean {
  if (text.length <= Math.min(members, values)) return false;
  if (leftOf(text, ':', members) >= 0 && leftOf(text, ',', values) >= 0) return false;
  let [membersLeft, valuesLeft] = [members, values];
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote:
        at = endOfString(text, at);
        if (at === -1) return false;
        break;
      case colon:
        membersLeft -= 1;
        if (membersLeft < 0) return true;
        break;
      case comma:
        valuesLeft -= 1;
        if (valuesLeft < 0) return true;
        break;
      default:
    }
  }
  return false;
}

/** So many are left of `most` when those in the text are taken away; -1 where there are more. */
function leftOf(text: string, character: string, most: number): number {
  let left = most;
  for (let at = text.indexOf(character); at !== -1 && left >= 0; at = text.indexOf(character, at + 1)) left -= 1;
  return left;
}

/** The members of the object that a text is known to hold, in the order of the text, with the text of each value. */
export function* membersOf(text: string): Generator<readonly [key: string, valueText: string]> {
  let depth = 0;
  let key = '';
  let valueStart = -1;
  for (let at = 0; at < text.length; at += 1) {
    switch (text.charCodeAt(at)) {
      case quote: {
        const end = endOfString(text, at);
        if (valueStart === -1) key = JSON.parse(text.slice(at, end + 1));
        at = end;
        break;
      }
      case openBrace:
      case openBracket:
        depth += 1;
        break;
      case colon:
        if (valueStart === -1) valueStart = at + 1;
        break;
      case comma:
        if (depth === 1 && valueStart !== -1) {
          yield [key, text.slice(valueStart, at)];
          valueStart = -1;
        }
        break;
      case closeBrace:
        if (depth === 1 && valueStart !== -1) yield [key, text.slice(valueStart, at)];
        depth -= 1;
        break;
      case closeBracket:
        depth -= 1;
        break;
      default:
    }
  }
}

/** The index of the quote that ends the string which begins at `start`, or -1. */
function endOfString(text: string, start: number): number {
  let end = text.indexOf('"', start + 1);
  while (end !== -1 && isEscaped(text, end)) end = text.indexOf('"', end + 1);
  return end;
}

/** A quote after an odd number of backslashes belongs to the string. */
function isEscaped(text: string, at: number): boolean {
  let first = at;
  while (text.charCodeAt(first - 1) === backslash) first -= 1;
  return (at - first) % 2 === 1;
}
