/**
 * A configuration with comments.
 *
 * @param path - the store's file
 * @param ringFile - the key ring's, where the store is to be sealed some day
 */
export const template = (
	path: string,
	ringFile: string,
) => `# trocla's configuration. Every key may be left out; a # stands before examples and defaults.

# A machine that has no store asks a daemon ("trocla serve"); then only create_on_get, hiera and accounts may stand beside.
# server: unix:/run/trocla/trocla.sock      # or https://trocla.example.com
# server_options: {token_file: /etc/trocla/token, ca: /etc/trocla/ca.pem}

# Where passwords are kept: sqlite (one file, for any number of processes of this host); memory (for one run); or, for
# several hosts, on a server: postgres, mysql, redis, etcd, vault, with what docs/stores.md has for store_options.
store: sqlite
store_options:
  path: ${JSON.stringify(path)}

# With false, "trocla get" prints stored values only and "trocla create" makes new ones, as with the Ruby trocla.
# create_on_get: true

# Sealed at rest: a stolen database is worth nothing without the key ring. "trocla init --sealed" makes the ring, sets
# these two lines, and seals what is stored.
# encryption: aes-256-gcm
# encryption_options: {key_file: ${JSON.stringify(ringFile)}}

# What happens when a plaintext is asked for that was handed out: refuse, or regenerate
# (a new password, which drops the hashes of the old one).
# on_handed_out: refuse

# How new passwords are made, unless a call or a profile says otherwise.
options:
  length: 16
  charset: default        # alphanumeric, shellsafe, windowssafe, consolesafe, typesafe, numeric, hexadecimal
  # require: {upper: 1, lower: 1, digit: 1, symbol: 1}
  # words: 6              # a passphrase, instead of the three above
  # expires: 0            # seconds
  # sha512crypt: {rounds: 100000}

# Named sets of options, for --profile. Built in: rootpw, mysql, login.
# profiles:
#   wifi: {charset: typesafe, length: 20}

# Who changed or took what, a line of JSON each; "trocla doctor" tells whether one was changed.
# audit: {file: /var/log/trocla/audit.jsonl}

# Programs that hear of changes, never of values.
# hooks:
#   set: {notify: /usr/local/bin/notify}
#   delete: {notify: /usr/local/bin/notify}

# Where Hiera's data is, for lookup and publish; by default where Puppet has its own.
# hiera: {config: /etc/puppetlabs/puppet/hiera.yaml, hosts: /etc/trocla/hosts, environment: production}

# What "trocla publish" takes for accounts, and where it writes.
# accounts: {min_uid: 1000, min_gid: 1000, names: portable}
# publish: {tree: /var/lib/iar/master, signing_key: iar_signing_key}

# Where "trocla serve" listens, and who may do what there; "trocla serve --new-token NAME" makes tokens.
# serve:
#   socket: {path: /run/trocla/trocla.sock, mode: 0660, group: puppet}
#   https: {listen: "0.0.0.0:8443", certificate: cert.pem, key: key.pem, ca: ca.pem, crl: crl.pem}
#   rules: [{who: {certificate: "*.example.com"}, may: [create], keys: ["hosts/%{certname}/*"]}]

# Formats of your own, each a module.
# formats: {htdigest: /etc/trocla/htdigest.js}
`;
