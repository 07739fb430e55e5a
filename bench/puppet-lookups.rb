# Times lookups of Puppet's own library: for each line {"keys": [...], "rounds": n} it prints the milliseconds they took.
# Arguments: a directory for Puppet's own files, hiera.yaml, a host's name, and its facts as JSON.
require 'json'
require 'puppet'
require 'puppet/pops'
require 'puppet/node'
require 'puppet/parser/compiler'

home, config, name, facts = ARGV
Puppet.initialize_settings(%W[--confdir #{home}/conf --vardir #{home}/var --codedir #{home}/code --log_level crit])
Puppet[:code] = 'undef'
Puppet[:hiera_config] = config

def lookup(key, scope)
  Puppet::Pops::Lookup.lookup(key, nil, nil, false, nil, Puppet::Pops::Lookup::Invocation.new(scope))
end

def milliseconds
  start = Process.clock_gettime(Process::CLOCK_MONOTONIC)
  yield
  (Process.clock_gettime(Process::CLOCK_MONOTONIC) - start) * 1000
end

environment = Puppet::Node::Environment.create(:production, [])
Puppet.override(current_environment: environment, environments: Puppet::Environments::Static.new(environment)) do
  facts = Puppet::Node::Facts.new(name, JSON.parse(facts))
  node = Puppet::Node.new(name, facts: facts, environment: environment)
  node.merge(facts.values)
  compiler = Puppet::Parser::Compiler.new(node)
  compiler.compile do |catalog|
    $stdout.sync = true
    $stdin.each_line do |line|
      question = JSON.parse(line)
      puts milliseconds { question['rounds'].times { question['keys'].each { |key| lookup(key, compiler.topscope) } } }
    end
    catalog
  end
end
