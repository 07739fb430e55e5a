# frozen_string_literal: true

require_relative '../../puppet_x/trocla/request'

# Gives a password in a format: the stored one, or a new one that is stored.
#
# @example A hash for /etc/shadow
#   user { 'alice': password => trocla('user_alice', 'sha512crypt') }
# @example Options, as a Hash or as YAML text
#   trocla('app_db', 'pgsql', { 'length' => 32, 'username' => 'app' })
#   trocla('app_db', 'pgsql', 'length: 32, username: app')
Puppet::Functions.create_function(:trocla) do
  # @param key The password's name in the store
  # @param format As `plain`, `sha512crypt`, `mysql`, `pgsql`, `x509`; `trocla formats` prints all
  # @param options How it is made: `length`, `charset`, `profiles`, and those of the format. With `sensitive` true the
  #   value comes as a Sensitive
  # @return The value
  dispatch :create do
    param 'String[1]', :key
    optional_param 'Optional[String[1]]', :format
    optional_param 'Optional[Variant[Hash, String, Sensitive]]', :options
    return_type 'Variant[String, Sensitive[String]]'
  end

  def create(key, format = nil, options = nil)
    PuppetX::Trocla::Request.new(key, format, options).create
  end
end
