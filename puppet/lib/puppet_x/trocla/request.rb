# frozen_string_literal: true

require 'yaml'
require_relative 'client'
require_relative 'values'

module PuppetX
  module Trocla
    # What a function asks of one format of a key.
    class Request
      attr_reader :options

      # @param options a Hash, YAML text, or nothing; any part of it may be Sensitive
      def initialize(key, format, options)
        @key = key
        @format = format || 'plain'
        @options = named { read(options) }
        @sensitive = @options.delete('sensitive')
      end

      def create(sensitive: @sensitive)
        @sensitive = sensitive
        told(named { client.create(@key, @format, @options) })
      end

      # nil where it is not stored
      def get
        value = named { client.get(@key, @format, @options) }
        value.nil? ? nil : told(value)
      end

      def set(value)
        @sensitive = true if @sensitive.nil? && sensitive?(value)
        told(named { client.set(@key, @format, Values.plain(value), @options) })
      end

      def not_stored
        Error.new("trocla: #{what} is not stored. trocla(#{@key.inspect}, #{@format.inspect}) would make it")
      end

      private

      def client
        Client.current(ENV, Puppet[:confdir])
      end

      def what
        "#{@key.inspect} (#{@format})"
      end

      def named
        yield
      rescue Error => e
        raise Error, "trocla: #{what}: #{e.message}"
      end

      def told(value)
        @sensitive == true ? Puppet::Pops::Types::PSensitiveType::Sensitive.new(value) : value
      end

      def read(options)
        options = Values.plain(options)
        options = parse(options) if options.is_a?(String)
        options = {} if options.nil?
        raise Error, 'the options are a Hash, or such a map as YAML text' unless options.is_a?(Hash)

        # What is undef was not said.
        options.compact
      end

      # A map's usual form, or the one without its braces: `length: 32, charset: shellsafe`.
      def parse(text)
        [text, "{#{text}}"].each do |yaml|
          map = load_yaml(yaml)
          return {} if map.nil? || map == false
          return Values.plain(map) if map.is_a?(Hash) && map.keys.all?(String)
        end
        text
      end

      # Psych's own messages may show what they don't like, which may be a passphrase.
      def load_yaml(text)
        YAML.safe_load(text)
      rescue Psych::Exception
        'not YAML'
      end

      def sensitive?(value)
        value.is_a?(Puppet::Pops::Types::PSensitiveType::Sensitive)
      end
    end
  end
end
