# frozen_string_literal: true

module PuppetX
  module Trocla
    # What went wrong and what to do about it, and never a value.
    class Error < StandardError
    end
  end
end
