# frozen_string_literal: true

# Puts passwords into a text: `%%TROCLA_name%%` becomes the plaintext of the key `name`, which is made where there is
# none.
#
# @example
#   trocla::gsub("password=%%TROCLA_db%%\n", { 'prefix' => "${trusted['certname']}_" })
Puppet::Functions.create_function(:'trocla::gsub') do
  # @param text The text; a Sensitive gives a Sensitive
  # @param options `prefix` stands before the name in each key, and `key_to_prefix` has another one for some names
  # @return The text with the passwords
  dispatch :gsub do
    param 'Variant[String, Sensitive[String]]', :text
    optional_param 'Optional[Struct[{ Optional[prefix] => Optional[String], ' \
                   'Optional[key_to_prefix] => Optional[Hash[String, String]] }]]', :options
    return_type 'Variant[String, Sensitive[String]]'
  end

  def gsub(text, options = nil)
    sensitive = Puppet::Pops::Types::PSensitiveType::Sensitive
    return sensitive.new(gsub(text.unwrap, options)) if text.is_a?(sensitive)

    prefix = (options || {})['prefix'].to_s
    prefixes = (options || {})['key_to_prefix'] || {}
    passwords = Hash.new do |known, name|
      known[name] = call_function('trocla', "#{prefixes.fetch(name, prefix)}#{name}", 'plain')
    end
    text.gsub(/%%TROCLA_([\w\-]+)%%/) { passwords[Regexp.last_match(1)] }
  end
end
