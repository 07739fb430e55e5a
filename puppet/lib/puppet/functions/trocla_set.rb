# frozen_string_literal: true

require_relative '../../puppet_x/trocla/request'

# Stores a password or a hash that you have, and gives it back: as it is, or in another format.
#
# @example A password, and its hash
#   trocla_set('alice', 'old-password', 'plain', 'sha512crypt')
# @example A hash, which is stored as it is
#   trocla_set('app_db', '*2470C0C06DEE42FD1618BB99005ADCA2EC9D1E19', 'mysql')
Puppet::Functions.create_function(:trocla_set) do
  # @param key The password's name in the store
  # @param value The password; in another format than `plain` the hash itself
  # @param format What the value is
  # @param return_format What is given back; the same where it is missing
  # @param options As for `trocla`. The value is given as a Sensitive where it came as one, unless `sensitive` is false
  # @return The value in return_format
  dispatch :set do
    param 'String[1]', :key
    param 'Variant[String, Sensitive[String]]', :value
    optional_param 'Optional[String[1]]', :format
    optional_param 'Optional[String[1]]', :return_format
    optional_param 'Optional[Variant[Hash, String, Sensitive]]', :options
    return_type 'Variant[String, Sensitive[String]]'
  end

  def set(key, value, format = nil, return_format = nil, options = nil)
    stored = PuppetX::Trocla::Request.new(key, format, options).set(value)
    return stored if return_format.nil? || return_format == (format || 'plain')

    request = PuppetX::Trocla::Request.new(key, return_format, options)
    request.create(sensitive: stored.is_a?(Puppet::Pops::Types::PSensitiveType::Sensitive))
  end
end
