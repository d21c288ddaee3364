import { BlockList, isIP } from 'node:net';
import { CodedError } from '../../domain/errors.ts';

/** Is the address that many hops from us (0 = our peer) a proxy whose word we take? */
type Trust = (address: string, hop: number) => boolean;

/** Gives the address of the client from that of the peer and `X-Forwarded-For`. */
export class ClientAddresses {
  /** Undefined: the header is never looked at. */
  readonly #trust: Trust | undefined;

  /** @throws CodedError CONFIG_INVALID */
  constructor(trustProxy: boolean | number | readonly string[]) {
    this.#trust = trustOf(trustProxy);
  }

  get trustsProxies(): boolean {
    return this.#trust !== undefined;
  }

  /** The first address, seen from us, that is not a trusted proxy; the furthest when all are. */
  clientAddress(peer: string, forwardedFor: string | undefined): string {
    if (this.#trust === undefined || forwardedFor === undefined) return peer;
    let address = peer;
    let hop = 0;
    for (const entry of forwardedFor.split(',').reverse()) {
      if (!this.#trust(address, hop)) break;
      const next = plainAddress(entry.trim());
      if (isIP(next) === 0) break;
      address = next;
      hop++;
    }
    return address;
  }
}

function trustOf(trustProxy: boolean | number | readonly string[]): Trust | undefined {
  if (trustProxy === false || trustProxy === 0) return undefined;
  if (trustProxy === true) return () => true;
  if (typeof trustProxy === 'number') return (_address, hop) => hop < trustProxy;
  const list = blockListOf(trustProxy);
  return (address) => list.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4');
}

const NAMED_NETWORKS: Readonly<Record<string, readonly string[]>> = {
  loopback: ['127.0.0.0/8', '::1/128'],
  linklocal: ['169.254.0.0/16', 'fe80::/10'],
  uniquelocal: ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'],
};

function blockListOf(networks: readonly string[]): BlockList {
  const list = new BlockList();
  for (const network of networks.flatMap((name) => NAMED_NETWORKS[name] ?? [name])) {
    const [address = '', prefix] = network.split('/');
    const family = isIP(address) === 6 ? 'ipv6' : 'ipv4';
    try {
      if (prefix === undefined) list.addAddress(address, family);
      else list.addSubnet(address, Number(prefix), family);
    } catch (error) {
      throw new CodedError('CONFIG_INVALID', `trustProxy: "${network}" is neither an address nor a network`, {}, error);
    }
  }
  return list;
}

/** Without brackets, port, or the prefix of an IPv4 address in an IPv6 one. */
export function plainAddress(text: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(text)?.[1];
  const withPort = /^(\d+\.\d+\.\d+\.\d+):\d+$/.exec(text)?.[1];
  const address = bracketed ?? withPort ?? text;
  return address.startsWith('::ffff:') && address.includes('.') ? address.slice(7) : address;
}
