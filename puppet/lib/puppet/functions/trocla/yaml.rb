# frozen_string_literal: true

require 'yaml'
require_relative '../../../puppet_x/trocla/values'

# A configuration as YAML text, a Sensitive since it may have a store's password.
#
# @api private
Puppet::Functions.create_function(:'trocla::yaml') do
  dispatch :yaml do
    param 'Variant[Hash, Sensitive[Hash]]', :config
    return_type 'Sensitive[String]'
  end

  def yaml(config)
    text = YAML.dump(PuppetX::Trocla::Values.plain(config))
    Puppet::Pops::Types::PSensitiveType::Sensitive.new("# Puppet writes this file: class trocla.\n#{text}")
  end
end
