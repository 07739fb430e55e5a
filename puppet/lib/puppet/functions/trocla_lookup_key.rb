# frozen_string_literal: true

require_relative '../../puppet_x/trocla/request'

# A level of Hiera 5 that has passwords: `trocla_lookup::FORMAT::KEY` is that key's value, and `trocla_hierarchy::FORMAT::KEY`
# that of the first `hiera/SOURCE/KEY` which is stored, of the sources in the level's option `trocla_hierarchy`. What is not
# stored is made: at the first source, or at `order_override`.
#
# Options are Hiera's own data: `trocla_options`, and over it `trocla_options::KEY`, each with what is for one format under
# the format's name. `trocla_key` among them takes another key's value.
#
# @example hiera.yaml
#   - name: Passwords
#     lookup_key: trocla_lookup_key
#     options: { trocla_hierarchy: ['hosts/%{trusted.certname}', 'defaults'] }
Puppet::Functions.create_function(:trocla_lookup_key) do
  dispatch :lookup_key do
    param 'Variant[String, Numeric]', :key
    param 'Hash', :options
    param 'Puppet::LookupContext', :context
  end

  def lookup_key(key, options, context)
    how, format, name = key.to_s.match(/\Atrocla_(lookup|hierarchy)::([^:]+)::(.+)\z/m)&.captures
    return context.not_found if how.nil?
    return context.cached_value(key) if context.cache_has_key(key)

    context.cache(key, how == 'lookup' ? value(format, name) : in_hierarchy(format, name, sources(options)))
  end

  def value(format, name)
    options, asked = options_of(format, name)
    PuppetX::Trocla::Request.new(asked['trocla_key'] || name, format, options).create
  end

  def in_hierarchy(format, name, sources)
    options, asked = options_of(format, name)
    at = ->(source) { PuppetX::Trocla::Request.new("hiera/#{source}/#{asked['trocla_key'] || name}", format, options) }
    sources.each do |source|
      stored = at.call(source).get
      return stored unless stored.nil?
    end
    at.call(asked['order_override'] || sources.first).create
  end

  def sources(options)
    sources = options['trocla_hierarchy']
    return sources if sources.is_a?(Array) && !sources.empty? && sources.all?(String)

    raise PuppetX::Trocla::Error, 'trocla_lookup_key: its option trocla_hierarchy in hiera.yaml must be a list of texts, as in ' \
                                  "['hosts/%{trusted.certname}', 'defaults']"
  end

  # Those of the store, and those of this function.
  def options_of(format, name)
    merged = found('trocla_options', format).merge(found("trocla_options::#{name}", format))
    asked = merged.slice('trocla_key', 'order_override')
    wrong = asked.keys.find { |option| !asked[option].is_a?(String) }
    raise PuppetX::Trocla::Error, "trocla_options::#{name}: #{wrong} must be a text" if wrong

    [merged.reject { |option, _| asked.key?(option) }, asked]
  end

  # Those of the format over the others.
  def found(key, format)
    all = call_function('lookup', quoted(key), Puppet::Pops::Types::PHashType::DEFAULT, 'hash', {})
    own = all[format]
    own.is_a?(Hash) ? all.reject { |option, _| option == format }.merge(own) : all
  end

  # A dot would look into the value.
  def quoted(key)
    return key unless key =~ /[.'"]/

    mark = ['"', "'"].find { |quote| !key.include?(quote) }
    raise PuppetX::Trocla::Error, "trocla_lookup_key: #{key.inspect} has both kinds of quotes" if mark.nil?

    "#{mark}#{key}#{mark}"
  end
end
