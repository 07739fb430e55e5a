# Compiles catalogs: for each line {"code": "..."} it prints the milliseconds that took.
# Arguments: a directory for Puppet's own files, and one of modules.
require 'json'
require 'puppet'
require 'puppet/pops'
require 'puppet/node'
require 'puppet/parser/compiler'

home, modules = ARGV
Puppet.initialize_settings(%W[--confdir #{home}/conf --vardir #{home}/var --codedir #{home}/code --log_level crit])

def milliseconds
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start) * 1000
end

def compile(code, modules)
  Puppet[:code] = code
  environment = Puppet::Node::Environment.create(:production, [modules])
  context = {
    current_environment: environment,
    environments: Puppet::Environments::Static.new(environment),
    loaders: Puppet::Pops::Loaders.new(environment),
  }
  Puppet.override(context) do
    Puppet::Parser::Compiler.compile(Puppet::Node.new('www1.example.com', environment: environment))
  end
end

$stdout.sync = true
$stdin.each_line do |line|
  code = JSON.parse(line)['code']
  puts(milliseconds { compile(code, modules) })
end
