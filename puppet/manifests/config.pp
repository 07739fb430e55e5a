# @summary The configuration and the units of systemd
# @api private
class trocla::config {
  File {
    owner => 'root',
    group => 'root',
    mode  => '0644',
  }

  if $trocla::config =~ NotUndef {
    file { '/etc/troclarc.yaml':
      mode    => '0600',
      content => trocla::yaml($trocla::config),
    }
  }

  $units = '/etc/systemd/system'

  file {
    "${units}/trocla.service":
      source => "${trocla::directory}/systemd/trocla.service";
    "${units}/trocla.socket":
      source => "${trocla::directory}/systemd/trocla.socket";
    ["${units}/trocla.service.d", "${units}/trocla.socket.d"]:
      ensure => directory,
      mode   => '0755';
    "${units}/trocla.service.d/command.conf":
      content => @("END");
        [Unit]
        Documentation=
        Documentation=file://${trocla::directory}/docs/server.md

        [Service]
        ExecStart=
        ExecStart=${trocla::command} serve
        | END
    "${units}/trocla.socket.d/group.conf":
      content => "[Socket]\nSocketGroup=${trocla::socket_group}\nSocketMode=0660\n";
  }
}
