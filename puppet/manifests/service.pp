# @summary The daemon and its socket
# @api private
class trocla::service {
  if $trocla::manage_service {
    # A socket can't be opened anew while its service runs.
    exec { 'trocla: systemctl daemon-reload':
      command     => 'systemctl daemon-reload && systemctl stop trocla.service trocla.socket',
      path        => ['/usr/bin', '/bin'],
      provider    => shell,
      refreshonly => true,
    }
    -> service { ['trocla.socket', 'trocla.service']:
      ensure => running,
      enable => true,
    }

    Service['trocla.socket'] -> Service['trocla.service']
  }
}
