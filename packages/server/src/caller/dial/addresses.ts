import { isIPv6 } from 'node:net';

/** IPv6 and IPv4 by turns, the family of the first one first, so that a family that leads nowhere costs one try. */
export function interleaved(addresses: readonly string[]): readonly string[] {
  const [first] = addresses;
  if (first === undefined) return addresses;
  const isFirstFamily = (address: string) => isIPv6(address) === isIPv6(first);
  const own = addresses.filter(isFirstFamily);
  if (own.length === addresses.length) return addresses;
  const others = addresses.filter((address) => !isFirstFamily(address));
  const order: string[] = [];
  for (let index = 0; order.length < addresses.length; index += 1) {
    order.push(...own.slice(index, index + 1), ...others.slice(index, index + 1));
  }
  return order;
}

/** As it stands in a URL. */
export function placeOf(address: string, port: number): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
