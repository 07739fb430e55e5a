# Answers questions with Puppet's own library, one a line of JSON, so that one slow start serves a whole test:
#   {"yaml": text}, {"json": text}       what Puppet reads out of a data file
#   {"config": path, "node": name, "facts": {...}, "environment": name, "environmentpath": directory, "lookups":
#     [{"keys": [...], "merge": ..., "default": ..., "type": "..."}]}   what its lookups give, in one compilation
# The answer is a list of {"value": ...} and {"error": message}. Values are marked, since JSON has too few types:
# {"i": integer}, {"f": the bits of a float}, {"a": array}, {"h": pairs}.
require 'json'
require 'puppet'
require 'puppet/pops'
require 'puppet/node'
require 'puppet/parser/compiler'

home = ARGV.fetch(0)
Puppet.initialize_settings(%W[--confdir #{home}/conf --vardir #{home}/var --codedir #{home}/code --log_level crit])

def mark(value)
  case value
  when nil, true, false then value
  when String then value.dup.force_encoding('UTF-8').scrub
  when Integer then { 'i' => value.to_s }
  when Float then { 'f' => value.nan? ? 'nan' : [value].pack('G').unpack1('H*') }
  when Array then { 'a' => value.map { |item| mark(item) } }
  when Hash then { 'h' => value.map { |key, item| [mark(key), mark(item)] } }
  when Puppet::Pops::Types::PSensitiveType::Sensitive then { 'sensitive' => mark(value.unwrap) }
  else { 'other' => value.class.name }
  end
end

def attempt
  { 'value' => mark(yield) }
rescue StandardError, SystemStackError => e
  { 'error' => e.message.dup.force_encoding('UTF-8').scrub }
end

def read_yaml(text)
  data = Puppet::Util::Yaml.safe_load(text, [Symbol])
  raise 'it has a value that is no data' unless Puppet::Pops::Lookup::DataProvider.value_type.instance?(data)

  Puppet::Pops::Lookup::HieraConfig.symkeys_to_string(data)
end

def answer(lookup, config, scope)
  invocation = Puppet::Pops::Lookup::Invocation.new(scope)
  invocation.lookup_adapter.set_global_hiera_config_path(config)
  type = lookup['type'] && Puppet::Pops::Types::TypeParser.singleton.parse(lookup['type'])
  has_default = lookup.key?('default')
  Puppet::Pops::Lookup.lookup(lookup['keys'], type, lookup['default'], has_default, lookup['merge'], invocation)
end

# Compiling takes longer than a hundred lookups, so each host is compiled once, and its catalog never ends.
def scopes
  @scopes ||= Hash.new { |known, host| known[host] = compile(host) }
end

def compile(host)
  environments, environment = environments_of(host)
  Puppet.push_context(current_environment: environment, environments: environments)
  facts = Puppet::Node::Facts.new(host['node'], host['facts'] || {})
  node = Puppet::Node.new(host['node'], facts: facts, environment: environment)
  node.merge(facts.values)
  Puppet[:code] = 'undef'
  Fiber.new do
    compiler = Puppet::Parser::Compiler.new(node)
    compiler.compile do |catalog|
      question = Fiber.yield
      loop { question = Fiber.yield(lookups(question, compiler.topscope)) }
      catalog
    end
  end.tap(&:resume)
end

# The host's environment, with its own hiera.yaml where there is a directory of environments.
def environments_of(host)
  name = (host['environment'] || 'production').to_sym
  environment = Puppet::Node::Environment.create(name, [])
  directory = host['environmentpath']
  return [Puppet::Environments::Static.new(environment), environment] unless directory

  [Puppet::Environments::StaticDirectory.new(name, File.join(directory, name.to_s), environment), environment]
end

def lookups(question, scope)
  question['lookups'].map do |lookup|
    # A lookup that fails makes the next one of its compilation succeed, and one with knock-outs changes the cached data.
    Puppet::Pops::Lookup::LookupAdapter.clear(scope.compiler)
    Puppet::Pops::Lookup::EnvironmentContext.clear(scope.compiler.environment)
    attempt { answer(lookup, question['config'], scope) }
  end
end

def answers(question)
  return [attempt { read_yaml(question['yaml']) }] if question['yaml']
  return [attempt { Puppet::Util::Json.load(question['json']) }] if question['json']

  scopes[question.slice('node', 'facts', 'environment', 'environmentpath')].resume(question)
end

$stdout.sync = true
$stdin.each_line do |line|
  question = JSON.parse(line)
  puts JSON.generate(answers(question))
end
