import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';

/** Addresses at which no Qlik Sense is, but which reach things that answer to nobody else (cloud metadata services). */
const REFUSED = new BlockList();
REFUSED.addSubnet('0.0.0.0', 8, 'ipv4');
REFUSED.addSubnet('169.254.0.0', 16, 'ipv4');
REFUSED.addSubnet('224.0.0.0', 3, 'ipv4'); // multicast, reserved, broadcast
REFUSED.addAddress('::', 'ipv6');
REFUSED.addSubnet('fe80::', 10, 'ipv6');
REFUSED.addSubnet('ff00::', 8, 'ipv6');
for (const address of ['100.100.100.200', '192.0.0.192']) REFUSED.addAddress(address, 'ipv4');
for (const address of ['fd00:ec2::254', 'fd20:ce::254']) REFUSED.addAddress(address, 'ipv6');

/** IPv4 inside of IPv6: `::a.b.c.d`, NAT64. BlockList itself knows `::ffff:a.b.c.d`. */
const EMBEDDED = ['::', '64:ff9b::'];
for (const prefix of EMBEDDED) {
  REFUSED.addSubnet(`${prefix}169.254.0.0`, 112, 'ipv6');
  REFUSED.addSubnet(`${prefix}224.0.0.0`, 99, 'ipv6');
}

/** @param address without brackets */
export function isRefusedAddress(address: string): boolean {
  const family = isIP(address);
  return family !== 0 && REFUSED.check(address, family === 6 ? 'ipv6' : 'ipv4');
}

/** Names that lead to refused addresses only. */
export class AddressRefusedError extends Error {}

/** Looks a name up and leaves out refused addresses. A connection goes to what was checked here, never to a second answer. */
export function checkedLookup(lookup: LookupFunction = systemLookup as LookupFunction): LookupFunction {
  return (hostname, options: LookupOptions, callback) => {
    lookup(hostname, { ...options, all: true }, (error, found) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      const usable = (found as LookupAddress[]).filter(({ address }) => !isRefusedAddress(address));
      const [first] = usable;
      if (first === undefined) callback(new AddressRefusedError(`${hostname} leads to no address of a server`), []);
      else if (options.all === true) callback(null, usable);
      else callback(null, first.address, first.family);
    });
  };
}
