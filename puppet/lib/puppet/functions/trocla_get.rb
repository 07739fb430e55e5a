# frozen_string_literal: true

require_relative '../../puppet_x/trocla/request'

# Gives a password that is stored, and makes none.
#
# @example undef where there is none, instead of an error
#   trocla_get('user_alice', 'mysql', false)
#   trocla_get('user_alice', 'mysql', { 'raise_error' => false })
# @example A part of the value
#   trocla_get('www', 'x509', 'render: keyonly')
Puppet::Functions.create_function(:trocla_get) do
  # @param key The password's name in the store
  # @param format As `plain`, `sha512crypt`, `mysql`
  # @param options Whether it is an error where nothing is stored; or options, `raise_error` among them. With `sensitive`
  #   true the value comes as a Sensitive
  # @return The value, or undef
  dispatch :get do
    param 'String[1]', :key
    optional_param 'Optional[String[1]]', :format
    optional_param 'Optional[Variant[Boolean, Hash, String, Sensitive]]', :options
    return_type 'Optional[Variant[String, Sensitive[String]]]'
  end

  def get(key, format = nil, options = nil)
    options = { 'raise_error' => options } if [true, false].include?(options)
    request = PuppetX::Trocla::Request.new(key, format, options)
    raise_error = request.options.delete('raise_error') != false
    value = request.get
    raise request.not_stored if value.nil? && raise_error

    value
  end
end
