import type { JsonSchema } from '../../../pipeline/ports/destination.ts';
import { flag, path, port, secret, section, text, texts, whole } from './section.ts';

const TLS_SCHEMA = section('HTTPS on this port. People beyond this machine get at the audit trail only with it.', {
  enable: flag('Use HTTPS.', false),
  cert: path('Certificate (PEM), with the intermediate ones.', { examples: ['certs/viewer.pem'] }),
  key: path('Private key of the certificate (PEM).', { examples: ['certs/viewer-key.pem'] }),
  ca: path('Certificates of authorities (PEM).'),
  passphrase: secret('Passphrase of the key.'),
  minVersion: { description: 'Oldest version of TLS.', enum: ['TLSv1.2', 'TLSv1.3'], default: 'TLSv1.2' },
});

/** What a reader may see. */
const RIGHTS = {
  role: { description: '`reader` or `admin`.', enum: ['reader', 'admin'], default: 'reader' },
  apps: texts('Ids of the apps that a reader may see; without a list, all.', { default: null }),
  pictures: flag('May see screenshots.', true),
  objectData: flag('May see the data of charts.', true),
};

const USER_SCHEMA: JsonSchema = {
  type: 'object',
  required: ['name'],
  additionalProperties: false,
  properties: {
    name: {
      description: 'Name to log in with, or that the proxy gives.',
      type: 'string',
      minLength: 1,
      maxLength: 200,
    },
    passwordHash: secret(
      'What `butler-sos-audit user add NAME --print` prints. Without one the user comes in by `proxy` or `oidc` only.',
      { pattern: '^scrypt:' },
    ),
    ...RIGHTS,
  },
};

const OIDC_SCHEMA = section(
  'Log-in through an identity provider that speaks OpenID Connect (Entra ID, AD FS, Keycloak, Okta, Auth0 and others). Register this server there as a web application with the redirect address `https://<name of this port>/login`.',
  {
    issuer: text(
      'Address of the provider, as its discovery document names itself; https, or http on this machine only. Without one nobody logs in so. It is asked when somebody logs in, not at start.',
      { examples: ['https://login.yourcompany.com/realms/main'] },
    ),
    clientId: text('Name of this server at the provider.', { examples: ['butler-sos-audit'] }),
    clientSecret: secret('Its secret there. Without one it is a public client.'),
    label: text('What the button on the page says after "Log in with".', { default: 'single sign-on' }),
    scopes: texts('What is asked for besides `openid`.', { default: ['profile', 'email'] }),
    userClaim: text(
      'The claim with the name of the user, one that users cannot change themselves. `a.b` is `b` within `a`.',
      { default: 'preferred_username' },
    ),
    roleClaim: text('The claim with roles or groups: a text, or a list of them. `a.b` is `b` within `a`.', {
      default: 'roles',
      examples: ['groups', 'realm_access.roles'],
    }),
    roles: {
      description:
        'What the roles may do here. The first one that a user has counts. Whoever has none is refused, unless an entry of `users` without a password has their name, which then counts alone.',
      type: ['array', 'null'],
      default: [],
      examples: [
        [
          { value: 'audit-admins', role: 'admin' },
          { value: 'controllers', pictures: false },
        ],
      ],
      items: {
        type: 'object',
        required: ['value'],
        additionalProperties: false,
        properties: {
          value: { description: 'The role as the provider names it.', type: 'string', minLength: 1 },
          ...RIGHTS,
        },
      },
    },
    redirectUri: text(
      'Where the provider sends browsers back to, when that is not `/login` under the name by which the page was opened.',
      { examples: ['https://audit.yourcompany.com/login'] },
    ),
  },
);

/** The next one where the audit API has it. */
export const USUAL_VIEWER_PORT = 8182;

export const VIEWER_SCHEMA: JsonSchema = section(
  'The port where people and monitors read: the audit trail, status, metrics (Prometheus), health.',
  {
    enable: flag('Open the port.', true),
    host: text('Name or address to listen on.', { default: '127.0.0.1' }),
    port: port(
      `Port to listen on; 0 takes any free one. Not said, it is ${USUAL_VIEWER_PORT + 1} where the audit API has ${USUAL_VIEWER_PORT}.`,
      USUAL_VIEWER_PORT,
    ),
    allowedHosts: texts(
      'Further names under which people reach the port. Requests under unknown names are refused, as a protection against DNS rebinding.',
      { default: [], examples: [['audit.yourcompany.com']] },
    ),
    tls: TLS_SCHEMA,
    users: {
      description:
        'Who may look at the audit trail, besides those whom `butler-sos-audit user add` keeps beside the log and those who open a link of this machine (`butler-sos-audit open`).',
      type: ['array', 'null'],
      items: USER_SCHEMA,
      default: [],
    },
    session: section('How long a log-in lasts.', {
      idleMinutes: whole('It ends after so long without a request.', 1, 1440, 60),
      absoluteHours: whole('It ends after so long in any case.', 1, 720, 12),
    }),
    proxy: section('A reverse proxy that knows who the user is, and tells in a header.', {
      addresses: texts('Addresses from which the header is believed. Empty: none, the header means nothing.', {
        default: [],
        examples: [['10.0.0.5']],
      }),
      userHeader: text('The header with the name of the user, one of `users`.', { default: 'X-Forwarded-User' }),
    }),
    oidc: OIDC_SCHEMA,
  },
);
