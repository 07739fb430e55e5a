# frozen_string_literal: true

require_relative 'error'

module PuppetX
  module Trocla
    # Puppet's values as JSON and YAML have them.
    module Values
      def self.plain(value)
        case value
        when Puppet::Pops::Types::PSensitiveType::Sensitive then plain(value.unwrap)
        when Hash then value.map { |name, member| [name.to_s, plain(member)] }.to_h
        when Array then value.map { |member| plain(member) }
        when String, Numeric, true, false, nil then value
        when :undef then nil
        else raise Error, "an option can't be a #{value.class.name}"
        end
      end
    end
  end
end
