# @summary Installs, configures and runs the daemon that the functions of this module ask: `trocla serve`, by systemd.
#
# It is for the machine that compiles catalogs. Node.js 20.19 or newer and npm must be there.
#
# @example
#   class { 'trocla':
#     package => '/srv/trocla-0.2.0.tgz',
#     config  => {
#       'audit'    => { 'file' => '/var/log/trocla/audit.jsonl' },
#       'profiles' => { 'wifi' => { 'charset' => 'typesafe', 'length' => 20 } },
#     },
#   }
#
# @param config
#   What `/etc/troclarc.yaml` has. Without it that file is left alone.
# @param socket_group
#   Who may connect to the socket, and so may do everything: the group that compiles catalogs. A group of its own needs a
#   rule for `socket` in the configuration.
# @param package
#   What npm installs: the path or the address of the package's tarball, `/srv/trocla-0.2.0.tgz`. Without it, the package is
#   expected to be there.
# @param version
#   The version that is in the tarball: where another one is installed, it is replaced.
# @param directory
#   Where npm installs the package: `npm root --global` and `/trocla`.
# @param command
#   Where npm puts the command: `npm prefix --global` and `/bin/trocla`.
# @param manage_service
#   Whether the service and its socket are run.
class trocla (
  Optional[Variant[Hash, Sensitive[Hash]]] $config = undef,
  String[1] $socket_group = 'puppet',
  Optional[Pattern[/\A[\w@\/:.+~-]+\.tgz\z/]] $package = undef,
  Optional[Pattern[/\A\d+\.\d+\.\d+\z/]] $version = undef,
  Pattern[/\A\/[\w\/.-]+\z/] $directory = '/usr/lib/node_modules/trocla',
  Pattern[/\A\/[\w\/.-]+\z/] $command = '/usr/bin/trocla',
  Boolean $manage_service = true,
) {
  contain trocla::install
  contain trocla::config
  contain trocla::service

  Class['trocla::install']
  -> Class['trocla::config']
  ~> Class['trocla::service']
}
