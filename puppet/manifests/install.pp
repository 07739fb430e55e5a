# @summary The npm package
# @api private
class trocla::install {
  if $trocla::package =~ NotUndef {
    $there = $trocla::version ? {
      undef   => '"version":',
      default => "\"version\": \"${trocla::version}\"",
    }

    exec { 'trocla: npm install':
      # Its other native addons come ready made.
      command => "npm install --global --allow-scripts=sqlite3,koffi ${trocla::package}",
      unless  => "grep --quiet --fixed-strings '${there}' ${trocla::directory}/package.json",
      path    => ['/usr/local/bin', '/usr/bin', '/bin'],
      timeout => 900,
      notify  => Class['trocla::service'],
    }
  }
}
